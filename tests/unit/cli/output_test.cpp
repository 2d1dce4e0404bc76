#include "cli/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"

namespace cbx::cli {
namespace {

// What `write` puts into a pipe.
template <typename F>
std::string printed(F&& write) {
  int fds[2];
  EXPECT_EQ(::pipe(fds), 0);
  const UniqueFd in(fds[0]);
  UniqueFd out(fds[1]);
  {
    Output output(out.get());
    write(output);
  }
  out.reset();
  std::string text(1 << 16, '\0');
  const ssize_t n = ::read(in.get(), text.data(), text.size());
  text.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return text;
}

TEST(Output, KeepsItsError) {
  const UniqueFd full(::open("/dev/full", O_WRONLY));
  Output out(full.get());
  out.line("x");
  const Status first = out.flush();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().exit_code(), 74);
  EXPECT_TRUE(out.failed());
  EXPECT_FALSE(out.flush());
}

TEST(Output, SeparatesPathsByNul) {
  EXPECT_EQ(printed([](Output& o) { o.path("a\nb", true), o.path("c", false); }), std::string("a\nb\0c\n", 6));
}

TEST(Table, AlignsByTerminalColumns) {
  const std::string text = printed([](Output& o) {
    Table table(o, {{"NAME"}, {"N", Align::right}, {"X"}}, false);
    table.row({"앞 카메라", "5", "a"});
    table.row({"cam", "1234", ""});
  });
  EXPECT_EQ(text, "NAME          N  X\n앞 카메라     5  a\ncam        1234\n");
}

TEST(Table, EscapesControlCharactersAndIsEmptyWithoutRows) {
  EXPECT_EQ(printed([](Output& o) { Table(o, {{"A"}}, false).row({"\033[2J"}); }).find('\033'), std::string::npos);
  EXPECT_EQ(printed([](Output& o) { Table table(o, {{"A"}}, true); }), "");
}

TEST(Table, StreamsAfterTheFirstRows) {
  const std::string text = printed([](Output& o) {
    Table table(o, {{"A"}}, false);
    for (int i = 0; i < 300; i++) table.row({std::to_string(i)});
    table.row({"a wider one"});
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 302);
  EXPECT_NE(text.find("a wider one\n"), std::string::npos);
}

TEST(Human, Forms) {
  EXPECT_EQ(human_bytes(812), "812 B");
  EXPECT_EQ(human_bytes(32015904), "30.5 MiB");
  EXPECT_EQ(human_bytes((1LL << 30) - 1), "1.0 GiB");
  EXPECT_EQ(human_duration(Millis{59'960}), "59.9 s");
  EXPECT_EQ(human_duration(Millis{60'000}), "1m 00s");
  EXPECT_EQ(human_duration(Millis{7'500'000}), "2h 05m");
  EXPECT_EQ(human_bit_rate(4'270'000), "4.27 Mbit/s");
}

TEST(QrCode, HasItsQuietZoneInBothColours) {
  for (const bool color : {true, false}) {
    const auto code = qr_code("srt://example.org:8890?streamid=cam01", color);
    ASSERT_TRUE(code);
    const std::string first = code->substr(0, code->find('\n'));
    // Light all over: blanks on a white ground, or full blocks in a light ink.
    EXPECT_EQ(first.find("█") == std::string::npos, color) << first;
    EXPECT_EQ(first.find("▀"), std::string::npos);
  }
  EXPECT_FALSE(qr_code(std::string(4000, 'x'), true));
  EXPECT_FALSE(qr_modules(std::string(4000, 'x')));
  EXPECT_FALSE(qr_modules(""));
  const auto modules = qr_modules("srt://example.org:8890?streamid=cam01");
  ASSERT_TRUE(modules);
  ASSERT_EQ(modules->rows.size(), static_cast<size_t>(modules->size));
  for (const auto& row : modules->rows) ASSERT_EQ(row.size(), modules->rows.size());
  // The finder in the corner, and the light line around it.
  EXPECT_EQ(modules->rows[0].substr(0, 8), "11111110");
  EXPECT_EQ(modules->rows[1].substr(0, 8), "10000010");
  EXPECT_EQ(modules->rows[7].substr(0, 8), "00000000");
}

}  // namespace
}  // namespace cbx::cli
