#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "http/exchange.h"

namespace cbx::http {
namespace {

// As much as one send(2) of a source's bytes takes.
constexpr size_t kBlock = size_t{64} * 1024;
// The same of a file's.  sendfile(2) copies less, but the library calls it for 128 KiB at a time, and each of them
// wakes the receiver: reading and sending more at once takes less time and CPU.
constexpr size_t kFileBlock = size_t{512} * 1024;
// Smaller ones are read as quickly.
constexpr size_t kLeastMapped = size_t{16} * 1024;

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
  std::unique_ptr<ReadMemory::Share> share;  // of what the library reads into
};

class FileStretch final : public ByteSource {
 public:
  explicit FileStretch(FileBody body) : body_(std::move(body)) {}
  uint64_t size() const override { return body_.size; }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) const override {
    if (offset >= body_.size) return 0;
    const size_t size = std::min<uint64_t>(data.size(), body_.size - offset);
    while (true) {
      const ssize_t n = ::pread(body_.file->get(), data.data(), size, static_cast<off_t>(body_.offset + offset));
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR) return fail(os_error(errno, "cannot read"));
    }
  }

 private:
  FileBody body_;
};

// All of a small file or stretch, so that it leaves together with its headers.
struct Block {
  std::unique_ptr<uint8_t[]> data;  // uninitialised, which a vector can't be
  std::unique_ptr<ReadMemory::Share> share;
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

MHD_Response* from_source(std::unique_ptr<Reading> reading, uint64_t block) {
  const uint64_t size = reading->source->size();
  MHD_Response* response =
      MHD_create_response_from_callback(size, std::min(block, size), &read_source, reading.get(), &destroy<Reading>);
  if (response != nullptr) reading.release();
  return response;
}

// Null when it can't be read to its end.
MHD_Response* from_block(const ByteSource& source, std::unique_ptr<ReadMemory::Share> share) {
  const size_t size = source.size();
  auto block = std::make_unique<Block>(Block{std::unique_ptr<uint8_t[]>(new uint8_t[size]), std::move(share)});
  for (size_t have = 0; have < size;) {
    const auto n = source.read_at(have, {block->data.get() + have, size - have});
    if (!n || *n == 0) return nullptr;
    have += *n;
  }
  MHD_Response* response =
      MHD_create_response_from_buffer_with_free_callback_cls(size, block->data.get(), &destroy<Block>, block.get());
  if (response != nullptr) block.release();
  return response;
}

MHD_Response* only_size(uint64_t size) {
  return MHD_create_response_from_callback(size, 1, &read_nothing, nullptr, nullptr);
}

MHD_Response* empty() {
  return MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT);
}

// The kernel copies out of its own pages; nobody else touches them (see FileMap).
MHD_Response* from_map(const FileBody& body) {
  const uint8_t* data = body.map ? body.map->at(body.offset, body.size) : nullptr;
  if (data == nullptr) return nullptr;
  using Map = std::shared_ptr<const FileMap>;
  auto holder = std::make_unique<Map>(body.map);
  MHD_Response* response = MHD_create_response_from_buffer_with_free_callback_cls(body.size, const_cast<uint8_t*>(data),
                                                                                  &destroy<Map>, holder.get());
  if (response != nullptr) holder.release();
  return response;
}

struct Maker {
  Sending sending;
  ReadMemory& memory;
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
    if (sending.head_only) return only_size(body.size);
    // With TLS the library would read it.
    if (!sending.tls && body.size >= kLeastMapped)
      if (MHD_Response* response = from_map(body)) return response;
    if (auto share = memory.take(std::min<uint64_t>(body.size, kFileBlock))) {
      auto source = std::make_shared<const FileStretch>(body);
      if (body.size > kFileBlock)
        return from_source(std::make_unique<Reading>(Reading{std::move(source), &log, std::move(share)}), kFileBlock);
      if (MHD_Response* response = from_block(*source, std::move(share))) return response;
    }
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
    if (sending.head_only) return only_size(source->size());
    return from_source(std::make_unique<Reading>(Reading{source, &log, nullptr}), kBlock);
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

MHD_Response* make_mhd_response(Response& response, Sending sending, ReadMemory& memory, const Logger& log) {
  return std::visit(Maker{sending, memory, log}, response.body);
}

uint64_t body_size(const Body& body) {
  return std::visit(Size{}, body);
}

}  // namespace cbx::http
