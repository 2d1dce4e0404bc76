#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <thread>

#include "http/server_fixture.h"
#include "temp_dir.h"

namespace cbx::http {
namespace {

using namespace std::chrono_literals;

std::string run(const std::string& command) {
  std::string output;
  FILE* pipe = popen(("timeout 30 " + command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  for (size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) output.append(buffer.data(), n);
  pclose(pipe);
  return output;
}

class Tls : public testing::Test {
 protected:
  void SetUp() override {
    if (run("openssl version").find("OpenSSL") == std::string::npos) GTEST_SKIP() << "openssl(1) is not there";
    make_certificate("first");
  }
  void make_certificate(const std::string& name) const {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
        " -keyout " + key() + " -out " + certificate());
  }
  std::string certificate() const { return folder_.path() + "/cert.pem"; }
  std::string key() const { return folder_.path() + "/key.pem"; }
  ServerOptions options() const {
    ServerOptions options;
    options.certificate = certificate();
    options.key = key();
    return options;
  }
  // What openssl(1) sees and gets.
  std::string ask(const Server& server, const std::string& request, const std::string& flags = "") const {
    const std::string address = server.addresses().at(0);
    std::ofstream(folder_.path() + "/request") << request;
    return run("openssl s_client -connect " + address.substr(8) + " -servername x -ign_eof " + flags + " <" +
               folder_.path() + "/request");
  }
  const test::TempDir folder_;
};

constexpr const char* kRequest = "GET /secure HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

Route secure() {
  return get("/secure", [](Request& r) { return text(r.secure ? "it is secure" : "it is not"); });
}

TEST_F(Tls, ServesAndReadsItsCertificateAnew) {
  Server server = start({secure()}, options());
  EXPECT_EQ(server.addresses().at(0).substr(0, 20), "https://127.0.0.1:" + server.addresses().at(0).substr(18, 2));
  std::string output = ask(server, kRequest);
  EXPECT_NE(output.find("it is secure"), std::string::npos) << output;
  EXPECT_NE(output.find("CN = first"), std::string::npos) << output;

  make_certificate("second");
  EXPECT_NE(ask(server, kRequest).find("CN = first"), std::string::npos);
  ASSERT_TRUE(server.reload());
  output = ask(server, kRequest);
  EXPECT_NE(output.find("CN = second"), std::string::npos) << output;
  EXPECT_NE(output.find("it is secure"), std::string::npos) << output;

  std::ofstream(key()) << "nonsense";
  const Status refused = server.reload();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::config);
  EXPECT_NE(ask(server, kRequest).find("CN = second"), std::string::npos);
}

TEST_F(Tls, RefusesOldVersionsAndPlainText) {
  Server server = start({secure()}, options());
  EXPECT_EQ(ask(server, kRequest, "-tls1_1 -cipher ALL:@SECLEVEL=0").find("it is secure"), std::string::npos);
  EXPECT_NE(ask(server, kRequest, "-tls1_2").find("it is secure"), std::string::npos);
  Client plain(server.addresses().at(0));
  plain.send(kRequest);
  EXPECT_TRUE(plain.ends());
}

TEST_F(Tls, HandshakesThatTrickleAreLate) {
  ServerOptions slow = options();
  slow.header_deadline = 1s;
  Server server = start({secure()}, slow);
  Client client(server.addresses().at(0));
  client.send("\x16\x03\x01\x02");
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(server.stats().late, 1U);
}

TEST_F(Tls, KeyAndCertificateMustBelongTogether) {
  run("openssl ecparam -name prime256v1 -genkey -noout -out " + key());
  ServerOptions wrong = options();
  wrong.listen.push_back({"127.0.0.1", 0, ""});
  const auto server = Server::start(wrong, {}, {}, silent());
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code(), ErrorCode::config);
}

}  // namespace
}  // namespace cbx::http
