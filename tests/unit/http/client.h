// A blocking client for tests, which sends what it is told to, right or wrong.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "http/server.h"

namespace cbx::http {

struct Reply {
  int status = 0;
  Fields headers;
  std::string body;
  std::string header(std::string_view name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? std::string() : it->second;
  }
};

class Client {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  // An address as Server::addresses() gives it.
  explicit Client(const std::string& address) {
    if (address.starts_with("unix:")) {
      sockaddr_un name{};
      name.sun_family = AF_UNIX;
      std::strcpy(name.sun_path, address.c_str() + 5);
      fd_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      connected_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
      return;
    }
    const size_t colon = address.rfind(':');
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    connected_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  }

  bool connected() const { return connected_; }
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  // The next answer; nothing when the connection ends before there is a whole one.  `head`: it has no body.
  std::optional<Reply> receive(bool head = false) {
    size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return std::nullopt;
    Reply reply = parse_head(buffer_.substr(0, end + 2));
    buffer_.erase(0, end + 4);
    if (reply.status == 100) return receive(head);
    const std::string length = reply.header("content-length");
    if (head || reply.status == 304 || length.empty()) return reply;
    const size_t size = std::stoull(length);
    while (buffer_.size() < size)
      if (!more()) return std::nullopt;
    reply.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return reply;
  }

  // GET on the same connection.
  std::optional<Reply> get(std::string_view path, std::string_view headers = {}) {
    return request("GET", path, headers);
  }
  std::optional<Reply> request(std::string_view method, std::string_view path, std::string_view headers = {},
                               std::string_view body = {}) {
    send(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers) + "\r\n" +
         std::string(body));
    return receive(method == "HEAD");
  }

  // Waits for the other side to end the connection; false if it doesn't.
  bool ends() {
    while (more()) continue;
    return ended_;
  }
  // Whether something can be read within that time.
  bool readable(std::chrono::milliseconds within) const {
    pollfd poll_fd{fd_.get(), POLLIN, 0};
    return poll(&poll_fd, 1, static_cast<int>(within.count())) > 0;
  }

 private:
  bool more() {
    if (!readable(kPatience)) return false;
    char chunk[65536];
    const ssize_t n = recv(fd_.get(), chunk, sizeof chunk, 0);
    if (n > 0) buffer_.append(chunk, static_cast<size_t>(n));
    ended_ = n <= 0;
    return n > 0;
  }

  static Reply parse_head(std::string_view head) {
    Reply reply;
    reply.status = std::stoi(std::string(head.substr(9, 3)));
    for (size_t at = head.find("\r\n") + 2; at < head.size();) {
      const size_t end = head.find("\r\n", at);
      const std::string_view line = head.substr(at, end - at);
      const size_t colon = line.find(':');
      std::string name(line.substr(0, colon));
      for (char& c : name) c = static_cast<char>(tolower(c));
      reply.headers[name] = line.substr(colon + 2);
      at = end + 2;
    }
    return reply;
  }

  UniqueFd fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

}  // namespace cbx::http
