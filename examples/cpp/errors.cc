#include "errors.h"

#include <iomanip>
#include <sstream>

#include <google/protobuf/util/time_util.h>
#include <google/rpc/code.pb.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

using google::protobuf::util::TimeUtil;

std::string CodeName(const grpc::Status& status) {
  return google::rpc::Code_Name(static_cast<int>(status.error_code()));
}

std::string Explain(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::RetryInfo retry;
  google::rpc::RequestInfo request;
  for (const auto& detail : details.details()) {
    // Each takes the one that is of its type.
    detail.UnpackTo(&info) || detail.UnpackTo(&bad) || detail.UnpackTo(&retry) ||
        detail.UnpackTo(&request);
  }

  std::ostringstream text;
  text << CodeName(status) << " ";
  text << (info.reason().empty() ? status.error_message() : info.reason());
  for (const auto& wrong : bad.field_violations()) {
    text << "; " << wrong.field() << " " << wrong.description();
  }
  if (retry.has_retry_delay()) {
    const double seconds = TimeUtil::DurationToMilliseconds(retry.retry_delay()) / 1000.0;
    text << "; retry after " << std::fixed << std::setprecision(1) << seconds << " s";
  }
  if (!request.request_id().empty()) text << "; request " << request.request_id();
  return text.str();
}
