#pragma once

#include <stdexcept>
#include <string>

#include <grpcpp/grpcpp.h>

// A code's name, such as `UNAVAILABLE`.
std::string CodeName(const grpc::Status& status);

// Says in one line what an error's details say.
std::string Explain(const grpc::Status& status);

// A call that failed.
class CallFailed : public std::runtime_error {
 public:
  explicit CallFailed(const grpc::Status& status) : std::runtime_error(Explain(status)) {}
};

// Throws where a call failed.
inline void Check(const grpc::Status& status) {
  if (!status.ok()) throw CallFailed(status);
}
