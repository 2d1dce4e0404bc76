#include "db/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "temp_dir.h"

namespace cbx::db {
namespace {

constexpr const char* kFirst[] = {"CREATE TABLE t (x INTEGER NOT NULL) STRICT"};
constexpr const char* kSecond[] = {kFirst[0], "ALTER TABLE t ADD COLUMN y TEXT"};
constexpr Schema schema(std::span<const char* const> migrations, int32_t id = 77) {
  return {.name = "test",
          .application_id = id,
          .full_sync = true,
          .mode = 0600,
          .migrations = migrations,
          .when_corrupt = "make it anew"};
}

class DatabaseTest : public testing::Test {
 protected:
  test::TempDir dir_;
  std::string path_ = dir_.path() + "/t.db";
};

TEST_F(DatabaseTest, MakesMigratesAndKeepsRows) {
  {
    auto db = Database::open(path_, schema(kFirst), OpenMode::create);
    ASSERT_TRUE(db) << db.error().message();
    ASSERT_TRUE(db->exec("INSERT INTO t VALUES (7)"));
  }
  struct stat st {};
  ASSERT_EQ(::stat(path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  auto db = Database::open(path_, schema(kSecond), OpenMode::existing);
  ASSERT_TRUE(db) << db.error().message();
  auto rows = db->prepare("SELECT x, y FROM t");
  ASSERT_TRUE(rows);
  EXPECT_TRUE(*rows->step());
  EXPECT_EQ(rows->integer(0), 7);
  EXPECT_TRUE(rows->null(1));
}

TEST_F(DatabaseTest, RefusesNewerForeignAndMissing) {
  ASSERT_TRUE(Database::open(path_, schema(kSecond), OpenMode::create));
  EXPECT_EQ(Database::open(path_, schema(kFirst), OpenMode::existing).error().code(), ErrorCode::config);
  EXPECT_EQ(Database::open(path_, schema(kSecond, 78), OpenMode::existing).error().code(), ErrorCode::data);
  EXPECT_EQ(Database::open(path_ + "x", schema(kFirst), OpenMode::existing).error().code(), ErrorCode::no_input);
}

TEST_F(DatabaseTest, DamageNamesTheWayOut) {
  ASSERT_TRUE(replace_file(path_, std::string(8192, 'x'), 0600));
  const auto db = Database::open(path_, schema(kFirst), OpenMode::existing);
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code(), ErrorCode::data);
  EXPECT_NE(db.error().message().find("make it anew"), std::string::npos);
}

TEST_F(DatabaseTest, TransactionRollsBackAndLocksOthersOut) {
  auto db = Database::open(path_, schema(kFirst), OpenMode::create);
  auto other = Database::open(path_, schema(kFirst), OpenMode::existing, Millis{50});
  ASSERT_TRUE(db && other);
  const Status failed = db->transaction([&]() -> Status {
    CBX_TRY(db->exec("INSERT INTO t VALUES (1)"));
    EXPECT_EQ(other->exec("INSERT INTO t VALUES (2)").error().code(), ErrorCode::try_again);
    return fail(ErrorCode::io, "no");
  });
  EXPECT_FALSE(failed);
  auto count = db->prepare("SELECT count(*) FROM t");
  EXPECT_TRUE(*count->step());
  EXPECT_EQ(count->integer(0), 0);
}

TEST(FileSystem, NetworkOnesAreRefused) {
  EXPECT_TRUE(refuse_file_system(0x6969, "nfs4"));
  EXPECT_TRUE(refuse_file_system(0xff534d42, "cifs"));
  EXPECT_TRUE(refuse_file_system(0x65735546, "fuse.sshfs"));
  EXPECT_TRUE(refuse_file_system(0x65735546, "fuse.s3fs"));
  EXPECT_FALSE(refuse_file_system(0x65735546, "fuseblk"));
  EXPECT_FALSE(refuse_file_system(0xef53, ""));
  EXPECT_FALSE(refuse_file_system(0x01021994, ""));
}

}  // namespace
}  // namespace cbx::db
