#include "web/vault.h"

#include "service_fixture.h"

namespace cbx::web {
namespace {

namespace fsys = std::filesystem;

class VaultTest : public ServiceTest {
 protected:
  VaultTest() {
    recorded("cam01", t0_);
    serve();
  }
  static Principal user(const std::string& name) {
    Principal p;
    p.name = name;
    p.admin = name == "admin";
    return p;
  }
  ErrorCode refusal(const std::string& name, const std::string& device, Permission permission) {
    const auto opened = vault_->open(user(name), device, permission);
    return opened ? ErrorCode{} : opened.error().code();
  }
};

TEST_F(VaultTest, OpensForThoseWhoMay) {
  for (const char* name : {"owner", "viewer", "admin"}) {
    const auto opened = vault_->open(user(name), "cam01", Permission::view);
    ASSERT_TRUE(opened) << name << ": " << opened.error().message();
    EXPECT_EQ(opened->device(), "cam01");
    EXPECT_TRUE(opened->file(t0_));
  }
  EXPECT_EQ(refusal("stranger", "cam01", Permission::view), ErrorCode::no_input) << "as if it weren't there";
  EXPECT_EQ(refusal("stranger", "cam01", Permission::change), ErrorCode::no_input);
  EXPECT_EQ(refusal("viewer", "cam01", Permission::change), ErrorCode::permission);
  EXPECT_EQ(refusal("owner", "cam02", Permission::view), ErrorCode::no_input);
}

TEST_F(VaultTest, NothingButIdsOfDevices) {
  for (const char* name : {"", ".", "..", "../cam01", "cam01/", "cam01/2026-11-20", "CAM01", "cam01\n", "/etc"})
    for (const char* who : {"owner", "admin"})
      EXPECT_EQ(refusal(who, name, Permission::view), ErrorCode::no_input) << name;
  EXPECT_EQ(refusal("admin", "cam99", Permission::view), ErrorCode::no_input) << "nobody ever heard of it";
}

TEST_F(VaultTest, AnAdminFindsWhatOnlyTheIndexOrTheFolderKnows) {
  recorded("imported", t0_);
  fsys::create_directory(media("newcomer"));
  const auto wait = system_clock_.monotonic() + std::chrono::seconds(20);
  while (refusal("admin", "newcomer", Permission::view) != ErrorCode{} && system_clock_.monotonic() < wait)
    ::usleep(20'000);
  EXPECT_EQ(refusal("admin", "newcomer", Permission::view), ErrorCode{});
  EXPECT_EQ(refusal("admin", "imported", Permission::view), ErrorCode{});
  EXPECT_EQ(refusal("owner", "imported", Permission::view), ErrorCode::no_input);
  const auto all = vault_->devices(user("admin"));
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (std::vector<std::string>{"cam01", "cam02", "imported"}));
  EXPECT_EQ(*vault_->devices(user("viewer")), std::vector<std::string>{"cam01"});
  EXPECT_TRUE(vault_->devices(user("stranger"))->empty());
}

TEST_F(VaultTest, WithoutAnIndexFilesAreThereAndRecordsLater) {
  for (const char* ending : {"", "-wal", "-shm"}) fsys::remove(store_.index_path() + ending);
  const auto opened = vault_->open(user("owner"), "cam01", Permission::view, Needs::files);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->file(t0_));
  const auto refused = vault_->open(user("owner"), "cam01", Permission::view);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::try_again);
  EXPECT_TRUE(vault_->devices(user("owner"))) << "state.db tells them, too";
}

TEST_F(VaultTest, ARebuiltIndexIsTheOneThatIsAsked) {
  ASSERT_TRUE(vault_->open(user("owner"), "cam01", Permission::view)->index().segment("cam01", t0_)->has_value());
  for (const char* ending : {"", "-wal", "-shm"}) fsys::remove(store_.index_path() + ending);
  recorded("cam01", t0_ + std::chrono::minutes(1));  // into a new index, which knows of this one alone
  const auto opened = vault_->open(user("owner"), "cam01", Permission::view);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_FALSE(opened->index().segment("cam01", t0_)->has_value());
  EXPECT_TRUE(opened->index().segment("cam01", t0_ + std::chrono::minutes(1))->has_value());
}

TEST_F(VaultTest, EachOpenedHasAnIndexOfItsOwn) {
  const auto one = vault_->open(user("owner"), "cam01", Permission::view);
  const auto two = vault_->open(user("owner"), "cam01", Permission::view);
  ASSERT_TRUE(one && two);
  EXPECT_NE(&one->index(), &two->index());
}

}  // namespace
}  // namespace cbx::web
