#include "srt/gate.h"

#include <gtest/gtest.h>

namespace cbx::srt {
namespace {

std::shared_ptr<const AccessTable> table(AccessTable t) {
  return std::make_shared<const AccessTable>(std::move(t));
}

int code(const Gate& gate, std::string_view stream_id, const std::string& host = "192.0.2.1") {
  const auto admission = gate.admit(stream_id, host);
  return admission ? 0 : static_cast<int>(admission.error().code);
}

TEST(Gate, IsClosedByDefault) {
  const Gate gate({});
  EXPECT_EQ(code(gate, "cam01"), 1404);
  EXPECT_EQ(code(gate, ""), 1400);
}

TEST(Gate, KnowsItsDevicesAndTheirKeys) {
  Gate gate({});
  gate.replace(table({{"cam01", {"a secret of cam01", true}}, {"cam02", {"", true}}, {"cam03", {"", false}}}));
  const auto first = gate.admit("cam01", "h");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->key, "a secret of cam01");
  EXPECT_EQ(gate.admit("publish:cam02", "h")->key, "");
  EXPECT_EQ(code(gate, "cam03"), 1403);
  EXPECT_EQ(code(gate, "cam04"), 1404);
}

TEST(Gate, ATokenMustBeTheKey) {
  Gate gate({});
  gate.replace(table({{"cam01", {"a secret of cam01", true}}}));
  EXPECT_EQ(code(gate, "#!::r=cam01,m=publish,s=a secret of cam01"), 0);
  EXPECT_EQ(code(gate, "#!::r=cam01,m=publish,s=a secret of cam02"), 1401);
  EXPECT_EQ(code(gate, "publish:cam01:me:x"), 1401);
}

TEST(Gate, RequiredEncryption) {
  GateOptions options;
  options.require_encryption = true;
  options.admit_unknown = true;
  Gate gate(options);
  gate.replace(table({{"cam01", {"a secret of cam01", true}}, {"cam02", {"", true}}}));
  EXPECT_EQ(code(gate, "cam01"), 0);
  EXPECT_EQ(code(gate, "cam02"), 1406);
  EXPECT_EQ(code(gate, "new"), 1406);
}

TEST(Gate, DefaultKeyAndDevice) {
  GateOptions options;
  options.default_key = "the common secret";
  options.default_device = "cam09";
  Gate gate(options);
  gate.replace(table({{"cam01", {"a secret of cam01", true}}, {"cam02", {"", true}}}));
  EXPECT_EQ(gate.admit("cam01", "h")->key, "a secret of cam01");
  EXPECT_EQ(gate.admit("cam02", "h")->key, "the common secret");
  EXPECT_EQ(gate.admit("", "h")->device, "cam09");
  EXPECT_EQ(code(gate, "cam09"), 0);
  EXPECT_EQ(code(gate, "cam08"), 1404);
}

TEST(Gate, Limits) {
  GateOptions options;
  options.admit_unknown = true;
  options.max_connections = 4;
  options.max_per_address = 2;
  options.max_silent = 3;
  Gate gate(options);
  gate.opened("a");
  EXPECT_EQ(code(gate, "x", "a"), 0);
  gate.opened("a");
  EXPECT_EQ(code(gate, "x", "a"), 1402) << "per address";
  EXPECT_EQ(code(gate, "x", "b"), 0);
  gate.opened("b");
  EXPECT_EQ(code(gate, "x", "c"), 1402) << "silent";
  gate.spoke();
  EXPECT_EQ(code(gate, "x", "c"), 0);
  gate.opened("c");
  gate.spoke();
  EXPECT_EQ(code(gate, "x", "d"), 1402) << "in all";
  gate.closed("a", true);
  EXPECT_EQ(code(gate, "x", "a"), 0);
  gate.shut();
  EXPECT_EQ(code(gate, "x", "a"), 1409);
}

TEST(Gate, LiveConnectionsAreRechecked) {
  Gate gate({});
  gate.replace(table({{"cam01", {"a secret of cam01", true}}}));
  const Admission admission = *gate.admit("cam01", "h");
  EXPECT_TRUE(gate.still_valid(admission));
  gate.replace(table({{"cam01", {"another secret here", true}}}));
  EXPECT_FALSE(gate.still_valid(admission));
  gate.replace(table({{"cam01", {"a secret of cam01", false}}}));
  EXPECT_FALSE(gate.still_valid(admission));
  gate.replace(table({}));
  EXPECT_FALSE(gate.still_valid(admission));
}

}  // namespace
}  // namespace cbx::srt
