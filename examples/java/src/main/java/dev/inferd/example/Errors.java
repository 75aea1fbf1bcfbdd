package dev.inferd.example;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a failed call says. */
final class Errors {
  private Errors() {}

  /** Says in one line what an error's details say. */
  static String explain(StatusRuntimeException error) {
    Status status = StatusProto.fromThrowable(error);
    String code = Code.forNumber(status.getCode()).name();
    List<String> parts = new ArrayList<>();
    Optional<ErrorInfo> info = detail(status, ErrorInfo.class);
    parts.add(code + " " + info.map(ErrorInfo::getReason).orElse(status.getMessage()));
    detail(status, BadRequest.class).ifPresent(bad -> {
      for (BadRequest.FieldViolation wrong : bad.getFieldViolationsList()) {
        parts.add(wrong.getField() + " " + wrong.getDescription());
      }
    });
    detail(status, RetryInfo.class).map(RetryInfo::getRetryDelay).ifPresent(delay -> {
      double seconds = delay.getSeconds() + delay.getNanos() / 1e9;
      parts.add("retry after %.1f s".formatted(seconds));
    });
    detail(status, RequestInfo.class)
        .ifPresent(request -> parts.add("request " + request.getRequestId()));
    return String.join("; ", parts);
  }

  /** The detail of this type, where the server sent one. */
  private static <T extends Message> Optional<T> detail(Status status, Class<T> type) {
    try {
      for (Any detail : status.getDetailsList()) {
        if (detail.is(type)) return Optional.of(detail.unpack(type));
      }
    } catch (InvalidProtocolBufferException malformed) {
      // As good as none.
    }
    return Optional.empty();
  }
}
