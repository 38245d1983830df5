#include "testkit/signing_server.hpp"

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>

#include "crypto/signer.hpp"
#include "net/testing/loopback_server.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

namespace {

using net::testing::LoopbackServer;
using nlohmann::json;
using Key = std::shared_ptr<const crypto::LocalSigner>;

Key key_of(const std::string& hex) {
    return Key(crypto::LocalSigner::from_hex(hex).value());
}

}  // namespace

struct SigningServer::Impl {
    explicit Impl(const std::string& key) : server([this](const auto& request) { return answer(request); }) {
        const auto add = [this](const Key& held) { keys[to_hex(held->public_key())] = held; };
        add(key_of(dev_key(9)));
        add(key_of(key));
    }

    LoopbackServer::Answer answer(const LoopbackServer::Request& request) {
        switch (manner.load()) {
            case Manner::kHangs:
                return {"", false, true, false};
            case Manner::kBusy:
                return LoopbackServer::reply("", "503 Service Unavailable");
            case Manner::kForbidden:
                return LoopbackServer::reply("", "403 Forbidden");
            case Manner::kPage:
                return LoopbackServer::reply("<html>Welcome</html>");
            case Manner::kGood:
            case Manner::kNoKeysYet:
            case Manner::kForeignKey:
                break;
        }
        const std::string sign = "/api/v1/eth1/sign/";
        if (request.method == "GET" && request.target == "/api/v1/eth1/publicKeys") {
            return list();
        }
        if (request.method == "POST" && request.target.starts_with(sign)) {
            return signature(request.target.substr(sign.size()), request.body);
        }
        return LoopbackServer::reply("", "404 Not Found");
    }

    LoopbackServer::Answer list() const {
        auto names = json::array();
        for (const auto& [name, key] : keys) {
            if (manner != Manner::kNoKeysYet) {
                names.push_back(name);
            }
        }
        return LoopbackServer::reply(names.dump(), "200 OK", "Content-Type: application/json\r\n");
    }

    LoopbackServer::Answer signature(const std::string& name, const std::string& body) {
        const auto key = keys.find(name);
        if (key == keys.end()) {
            return LoopbackServer::reply("", "404 Not Found");
        }
        const auto asked = json::parse(body, nullptr, false);
        const auto data = asked.is_object() && asked.contains("data") && asked["data"].is_string()
                              ? from_hex(asked["data"].get<std::string>())
                              : Error{};
        if (!data) {
            return LoopbackServer::reply("", "400 Bad Request");
        }
        ++made;
        const auto& by = manner == Manner::kForeignKey ? foreign : key->second;
        return LoopbackServer::reply(by->sign(*data).hex65(), "200 OK",
                                     "Content-Type: text/plain; charset=utf-8\r\n");
    }

    std::map<std::string, Key> keys;  ///< by public key: 0x and 128 hex digits, as Web3Signer writes it
    Key foreign = key_of(dev_key(8));
    std::atomic<Manner> manner = Manner::kGood;
    std::atomic<int> made = 0;
    LoopbackServer server;  // last member: its threads use the others
};

SigningServer::SigningServer(const std::string& key) : impl_(std::make_unique<Impl>(key)) {}
SigningServer::~SigningServer() = default;

std::string SigningServer::url() const {
    return impl_->server.url("");
}

void SigningServer::behave(Manner manner) {
    impl_->manner = manner;
}

int SigningServer::signatures() const {
    return impl_->made;
}

int SigningServer::requests() const {
    return impl_->server.requests();
}

}  // namespace lamda::testkit
