// Tests of the threads, the slots and the memory of downloads, against a store that holds its answers back.
#include "services/api-gateway/files/downloads.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "ipfs/testing/some_bytes.hpp"
#include "ipfs/unixfs.hpp"
#include "net/transport.hpp"
#include "problem/problem.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

constexpr std::size_t kBlock = 262'144;

/// A gateway in memory. A block that is held is not answered before the request is stopped.
class HeldStore final : public net::Transport {
  public:
    /// Adds a file. @param held its parts are not answered
    Cid add_file(const std::string& content, bool held = false) {
        std::vector<std::string> names;
        ipfs::FileBuilder builder([&](const ipfs::Block& block) {
            const std::lock_guard lock(mutex_);
            names.push_back(block.cid.to_string());
            blocks_[names.back()] = {as_string(block.bytes), held};
        });
        builder.write(as_bytes(content));
        const Cid root = builder.finish().cid;
        const std::lock_guard lock(mutex_);
        blocks_.at(root.to_string()).held = false;
        return root;
    }
    std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }
    std::size_t requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    net::HttpResponse send(const net::HttpRequest& request) override {
        std::unique_lock lock(mutex_);
        ++requests_;
        const auto begin = request.url.find("/ipfs/") + 6;
        const auto block = blocks_.at(request.url.substr(begin, request.url.find('?') - begin));
        if (block.held) {
            ++waiting_;
            changed_.wait(lock, request.stop, [] { return false; });
            --waiting_;
            throw net::TransportError(net::TransportError::Kind::kCancelled, "stopped");
        }
        net::HttpResponse out;
        out.status = 200;
        out.body = block.bytes;
        return out;
    }
    std::unique_ptr<net::Exchanges> exchanges() override { return nullptr; }

  private:
    struct Held {
        std::string bytes;
        bool held = false;
    };
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, Held> blocks_;
    std::size_t waiting_ = 0;
    std::size_t requests_ = 0;
};

struct Scene {
    HeldStore store;
    ipfs::ContentStore content{{.api_url = "", .gateways = {"http://gateway"}}, store};
    http::AddressRanges no_proxies;
    Downloads downloads{&content, no_proxies, telemetry::Log::none()};
    std::vector<std::jthread> threads = [this] {
        std::vector<std::jthread> out;
        for (std::size_t i = 0; i < Downloads::kMost; ++i) {
            out.emplace_back([this](const std::stop_token& stop) { downloads.run(stop); });
        }
        return out;
    }();

    std::shared_ptr<http::Feed> begin(const Cid& cid, std::size_t client) {
        auto opened = downloads.open(cid, "192.0.2." + std::to_string(client));
        opened.reader.select(0, opened.reader.size());
        return downloads.send(std::move(opened));
    }
    /// False: all slots, or those of the client, are in use.
    bool has_slot(const Cid& cid, std::size_t client) {
        try {
            downloads.open(cid, "192.0.2." + std::to_string(client));
            return true;
        } catch (const problem::Problem& problem) {
            CHECK(problem.code == "too_many_downloads");
            return false;
        }
    }
};

/// Returns the bytes that the client receives until the end of the answer.
std::string read_all(http::Feed& feed) {
    std::string out;
    CHECK(testkit::wait_until([&] {
        while (feed.has_more()) {
            auto taken = feed.take();
            out += taken.bytes;
            if (taken.ended) {
                return true;
            }
        }
        return false;
    }));
    return out;
}

}  // namespace

TEST_CASE("downloads that wait for a store delay no other one") {
    Scene scene;
    const auto content = ipfs::some_bytes(5 * kBlock);
    const auto cid = scene.store.add_file(content);
    const auto held = scene.store.add_file(std::string(3 * kBlock + 1, 'h'), true);
    std::vector<std::shared_ptr<http::Feed>> feeds;
    for (std::size_t i = 0; i + 1 < Downloads::kMost; ++i) {
        feeds.push_back(scene.begin(held, i / Downloads::kMostOfClient));
    }
    REQUIRE(testkit::wait_until([&] { return scene.store.waiting() == Downloads::kMost - 1; }));
    CHECK_FALSE(scene.has_slot(cid, 0));
    const auto other = scene.begin(cid, 100);
    CHECK(read_all(*other) == content);
    other->close();
}

TEST_CASE("a client that does not read holds little memory, and goes on when it reads") {
    Scene scene;
    const auto content = ipfs::some_bytes(40 * kBlock);
    const auto slow = scene.begin(scene.store.add_file(content), 1);
    REQUIRE(testkit::wait_until([&] { return slow->full(); }));
    const auto other = ipfs::some_bytes(20 * kBlock + 1);
    CHECK(read_all(*scene.begin(scene.store.add_file(other), 2)) == other);
    // Of the slow one the root and one block; of the other all.
    CHECK(scene.store.requests() <= 2 + 22);
    CHECK(read_all(*slow) == content);
}

TEST_CASE("a feed that ends in any way frees the slot of its download") {
    Scene scene;
    const auto cid = scene.store.add_file(ipfs::some_bytes(5 * kBlock));
    for (int i = 0; i < 3; ++i) {
        std::vector<std::shared_ptr<http::Feed>> feeds;
        for (std::size_t own = 0; own < Downloads::kMostOfClient; ++own) {
            feeds.push_back(scene.begin(cid, 1));
        }
        CHECK_FALSE(scene.has_slot(cid, 1));
        CHECK(scene.has_slot(cid, 2));
        if (i == 0) {
            for (const auto& feed : feeds) {
                feed->close();
            }
        } else if (i == 1) {
            REQUIRE(testkit::wait_until([&] { return feeds.back()->full(); }));
        }
        feeds.clear();
        const auto freed = [&] {
            try {
                std::vector<Downloads::Opened> all;
                for (std::size_t own = 0; own < Downloads::kMostOfClient; ++own) {
                    all.push_back(scene.downloads.open(cid, "192.0.2.1"));
                }
                return true;
            } catch (const problem::Problem&) {
                return false;
            }
        };
        REQUIRE(testkit::wait_until(freed));
    }
}
