#include <fcntl.h>

#include <cerrno>

#include "http/exchange.h"

namespace cbx::http {
namespace {

// As much as one send(2) of a source's bytes takes.
constexpr size_t kBlock = size_t{64} * 1024;

template <typename T>
void destroy(void* object) {
  delete static_cast<T*>(object);
}

// The library reads, but never writes, what it is given.
template <typename Holder>
MHD_Response* from_memory(std::unique_ptr<Holder> holder, const std::string& text) {
  auto* data = const_cast<char*>(text.data());
  MHD_Response* response =
      MHD_create_response_from_buffer_with_free_callback_cls(text.size(), data, &destroy<Holder>, holder.get());
  if (response != nullptr) holder.release();
  return response;
}

struct Reading {
  std::shared_ptr<const ByteSource> source;
  const Logger* log;
};

ssize_t read_source(void* object, uint64_t offset, char* data, size_t size) noexcept {
  const auto& reading = *static_cast<Reading*>(object);
  try {
    const auto n = reading.source->read_at(offset, {reinterpret_cast<uint8_t*>(data), size});
    if (n && *n > 0) return static_cast<ssize_t>(*n);
    // The length was promised: all that is left is to break off.
    reading.log->warn("an answer was broken off at byte {}: {}", offset,
                      n ? "its source has become shorter" : n.error().message());
  } catch (const std::exception& e) {
    reading.log->error("an answer was broken off at byte {}: {}", offset, e.what());
  } catch (...) {
    reading.log->error("an answer was broken off at byte {}", offset);
  }
  return MHD_CONTENT_READER_END_WITH_ERROR;
}

ssize_t read_nothing(void*, uint64_t, char*, size_t) noexcept {
  return MHD_CONTENT_READER_END_WITH_ERROR;
}

MHD_Response* only_size(uint64_t size) {
  return MHD_create_response_from_callback(size, 1, &read_nothing, nullptr, nullptr);
}

MHD_Response* empty() {
  return MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT);
}

struct Maker {
  bool head_only;
  const Logger& log;

  MHD_Response* operator()(std::monostate) const { return empty(); }
  MHD_Response* operator()(std::string& text) const {
    auto holder = std::make_unique<std::string>(std::move(text));
    const std::string& held = *holder;
    return from_memory(std::move(holder), held);
  }
  MHD_Response* operator()(const std::shared_ptr<const std::string>& text) const {
    return from_memory(std::make_unique<std::shared_ptr<const std::string>>(text), *text);
  }
  MHD_Response* operator()(const FileBody& body) const {
    if (body.size == 0) return empty();
    if (head_only) return only_size(body.size);
    UniqueFd fd(fcntl(body.file->get(), F_DUPFD_CLOEXEC, 0));
    if (!fd) {
      log.warn("{}", os_error(errno, "cannot answer with a file").message());
      return nullptr;
    }
    MHD_Response* response = MHD_create_response_from_fd_at_offset64(body.size, fd.get(), body.offset);
    if (response != nullptr) fd.release();
    return response;
  }
  MHD_Response* operator()(const std::shared_ptr<const ByteSource>& source) const {
    if (source->size() == 0) return empty();
    if (head_only) return only_size(source->size());
    auto reading = std::make_unique<Reading>(Reading{source, &log});
    MHD_Response* response = MHD_create_response_from_callback(
        source->size(), std::min<uint64_t>(kBlock, source->size()), &read_source, reading.get(), &destroy<Reading>);
    if (response != nullptr) reading.release();
    return response;
  }
};

struct Size {
  uint64_t operator()(std::monostate) const { return 0; }
  uint64_t operator()(const std::string& text) const { return text.size(); }
  uint64_t operator()(const std::shared_ptr<const std::string>& text) const { return text->size(); }
  uint64_t operator()(const FileBody& body) const { return body.size; }
  uint64_t operator()(const std::shared_ptr<const ByteSource>& source) const { return source->size(); }
};

}  // namespace

MHD_Response* make_mhd_response(Response& response, bool head_only, const Logger& log) {
  return std::visit(Maker{head_only, log}, response.body);
}

uint64_t body_size(const Body& body) {
  return std::visit(Size{}, body);
}

}  // namespace cbx::http
