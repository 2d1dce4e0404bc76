#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/file.h"
#include "cli/tool.h"
#include "temp_dir.h"

namespace cbx::cli {
namespace {

struct Outcome {
  int code;
  std::string value, sub;
  std::vector<std::string> many;
  bool flag;
};

class Config : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("CBX_TEST_VALUE");
    ::unsetenv("CBX_CONFIG");
  }
  void TearDown() override { SetUp(); }

  Outcome run(const std::string& toml, std::vector<std::string> arguments) {
    const std::string file = dir_.path() + "/cbx.toml";
    EXPECT_TRUE(replace_file(file, toml, 0600));
    arguments.insert(arguments.begin(), {"cbx-test", "--config", file});
    std::vector<char*> argv;
    for (auto& a : arguments) argv.push_back(a.data());
    Tool tool("cbx-test", "test", "1");
    Outcome o{0, "default", "default", {}, false};
    tool.app().add_option("--value", o.value)->envname("CBX_TEST_VALUE");
    tool.app().add_option("--many", o.many);
    tool.app().add_flag("--flag", o.flag);
    tool.app().add_subcommand("go", "")->add_option("--sub", o.sub);
    o.code = tool.run(static_cast<int>(argv.size()), argv.data(), [] { return Result<int>(0); });
    return o;
  }

  test::TempDir dir_;
};

TEST_F(Config, FlagBeatsEnvironmentBeatsFile) {
  const std::string toml = "value = \"file\"\n";
  EXPECT_EQ(run(toml, {}).value, "file");
  ::setenv("CBX_TEST_VALUE", "environment", 1);
  EXPECT_EQ(run(toml, {}).value, "environment");
  EXPECT_EQ(run(toml, {"--value", "flag"}).value, "flag");
}

TEST_F(Config, SectionsOfTheToolWinOverTheCommonPart) {
  EXPECT_EQ(run("value = \"common\"\n[cbx-test]\nvalue = \"own\"\n[cbx-other]\nvalue = \"other\"\n", {}).value, "own");
  EXPECT_EQ(run("[cbx-test.go]\nsub = \"x\"\n", {"go"}).sub, "x");
  EXPECT_EQ(run("[cbx-test]\nmany = [\"a\", \"b\"]\nflag = true\n", {}).many, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(run("[cbx-test]\nflag = true\n", {}).flag);
}

TEST_F(Config, LeavesNothingInTheEnvironment) {
  run("value = \"file\"\n", {});
  EXPECT_EQ(::getenv("CBX_TEST_VALUE"), nullptr);
  EXPECT_EQ(::getenv("CBX_CONFIG_VALUE_0"), nullptr);
}

TEST_F(Config, NamesWhatIsWrong) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run("[cbx-test]\nvalu = \"x\"\n", {}).code, 78);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("valu"), std::string::npos);
  EXPECT_EQ(run("other_tools_setting = 1\n", {}).code, 0);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run("", {"--bad"}).code, 64);
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace cbx::cli
