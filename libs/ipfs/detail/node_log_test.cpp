#include "ipfs/detail/node_log.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "ipfs/detail/dag_pb.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::ipfs;
using detail::NodeLog;

namespace {

struct Log {
    testkit::TempDir dir{"node-log"};
    std::string path = dir.path() + "/nodes";
    static Bytes bytes(char fill, std::size_t size = 100) {
        return Bytes(size, static_cast<std::uint8_t>(fill));
    }
    static Cid cid(const Bytes& bytes) { return detail::emit(CidCodec::kDagPb, bytes, {}); }
};

}  // namespace

TEST_CASE_METHOD(Log,
                 "nodes are found again by the next process, whatever part of the last one was written") {
    {
        NodeLog log(path);
        log.add(cid(bytes('a')), bytes('a'));
        log.add(cid(bytes('b')), bytes('b'));
        CHECK(log.find(cid(bytes('b'))) == bytes('b'));
        CHECK_FALSE(log.find(cid(bytes('c'))));
        CHECK_FALSE(log.find(Cid(CidCodec::kRaw, cid(bytes('a')).digest())));
    }
    const auto whole = std::filesystem::file_size(path);
    for (auto size = whole; size >= whole / 2; --size) {
        INFO(size);
        std::filesystem::resize_file(path, size);
        NodeLog log(path);
        CHECK(log.find(cid(bytes('a'))) == bytes('a'));
        CHECK(log.find(cid(bytes('b'))).has_value() == (size == whole));
        log.add(cid(bytes('b')), bytes('b'));
        CHECK(NodeLog(path).find(cid(bytes('b'))) == bytes('b'));
    }
}

TEST_CASE_METHOD(Log, "a damaged node is not returned, and the file does not exceed its limit") {
    {
        NodeLog log(path, 300);
        log.add(cid(bytes('a')), bytes('a'));
        log.add(cid(bytes('b')), bytes('b'));
        log.add(cid(bytes('c')), bytes('c'));
        CHECK_FALSE(log.find(cid(bytes('c'))));
    }
    CHECK(std::filesystem::file_size(path) <= 300);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(50);
    file << '!';
    file.close();
    NodeLog log(path);
    CHECK_FALSE(log.find(cid(bytes('a'))));
    CHECK(log.find(cid(bytes('b'))));
    std::filesystem::create_symlink("/etc/passwd", dir.path() + "/link");
    CHECK_THROWS_AS(NodeLog(dir.path() + "/link"), std::system_error);
}
