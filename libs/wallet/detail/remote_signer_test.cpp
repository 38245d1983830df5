#include "wallet/detail/remote_signer.hpp"

#include <catch2/catch.hpp>

#include "crypto/digest.hpp"
#include "eth/codec/transaction.hpp"
#include "net/http_client.hpp"
#include "testkit/servers.hpp"
#include "testkit/signing_server.hpp"

using namespace lamda;
using namespace lamda::wallet;
using testkit::SigningServer;
using Manner = testkit::SigningServer::Manner;

namespace {

struct Scene {
    std::unique_ptr<crypto::LocalSigner> local = crypto::LocalSigner::from_hex(testkit::dev_key(0)).value();
    std::unique_ptr<SigningServer> server = std::make_unique<SigningServer>(testkit::dev_key(0));
    std::shared_ptr<net::Transport> http = std::make_shared<net::HttpClient>();
    Bytes message = {1, 2, 3};

    RemoteSigner signer(Millis timeout = Millis(30'000)) const {
        return RemoteSigner(server->url() + "/", local->address(), http, timeout);
    }
};

}  // namespace

TEST_CASE("a remote signer makes the same signature as a local one") {
    const Scene scene;
    const auto remote = scene.signer();
    remote.check();
    CHECK(remote.address() == scene.local->address());
    eth::Transaction tx;
    tx.chain_id = {5611};
    tx.fee = {false, 2'000'000, 1'000'000};
    tx.gas_limit = 60'000;
    tx.to = scene.local->address();
    for (tx.nonce = 0; tx.nonce < 5; ++tx.nonce) {
        tx.data.assign(tx.nonce * 100, 0xab);
        CHECK(eth::sign(tx, remote).raw == eth::sign(tx, *scene.local).raw);
    }
    CHECK(remote.sign({}) == scene.local->sign({}));
    CHECK(scene.server->signatures() == 6);
    CHECK(scene.server->requests() == 1 + 6);  // the key is requested once
}

TEST_CASE("a remote signer that is down is Unavailable, and usable after its restart") {
    Scene scene;
    const auto remote = scene.signer();
    scene.server->behave(Manner::kNoKeysYet);
    CHECK_THROWS_AS(remote.check(), crypto::Unavailable);
    scene.server->behave(Manner::kBusy);
    CHECK_THROWS_AS(remote.check(), crypto::Unavailable);
    CHECK_THROWS_WITH(remote.sign(scene.message), Catch::Contains("HTTP 503"));
    scene.server->behave(Manner::kGood);
    CHECK(remote.sign(scene.message) == scene.local->sign(scene.message));
    scene.server->behave(Manner::kBusy);
    CHECK_THROWS_AS(remote.sign(scene.message), crypto::Unavailable);
    scene.server->behave(Manner::kHangs);
    CHECK_THROWS_AS(scene.signer(Millis(100)).sign(scene.message), crypto::Unavailable);
    scene.server.reset();  // the port is closed
    CHECK_THROWS_AS(remote.sign(scene.message), crypto::Unavailable);
    CHECK_THROWS_AS(remote.check(), crypto::Unavailable);
}

TEST_CASE("a signature by another key is never returned") {
    const Scene scene;
    const auto remote = scene.signer();
    scene.server->behave(Manner::kForeignKey);
    CHECK_THROWS_AS(remote.sign(scene.message), crypto::SigningRefused);
    CHECK_THROWS_WITH(remote.sign(scene.message),
                      Catch::Contains("has not signed with the key of " + scene.local->address().hex()));
    CHECK(scene.server->signatures() == 2);
    scene.server->behave(Manner::kGood);
    CHECK(remote.sign(scene.message) == scene.local->sign(scene.message));
}

TEST_CASE("a remote signer that refuses the address gives the reason, without credentials") {
    const Scene scene;
    const auto remote = scene.signer();
    remote.check();
    scene.server->behave(Manner::kForbidden);
    CHECK_THROWS_AS(remote.sign(scene.message), crypto::SigningRefused);
    CHECK_THROWS_WITH(remote.check(), Catch::Contains("HTTP 403"));
    scene.server->behave(Manner::kPage);
    CHECK_THROWS_AS(remote.check(), crypto::SigningRefused);
    CHECK_THROWS_AS(remote.sign(scene.message), crypto::SigningRefused);
    scene.server->behave(Manner::kGood);
    const Address nobody = Address::parse("0x00000000000000000000000000000000000000aa").value();
    const RemoteSigner other(scene.server->url(), nobody, scene.http);
    CHECK_THROWS_AS(other.check(), crypto::SigningRefused);
    CHECK_THROWS_WITH(other.sign(scene.message),
                      Catch::Contains("2 keys, but not the key of " + nobody.hex()));
    CHECK(scene.server->signatures() == 0);

    auto url = scene.server->url();
    url.insert(url.find("//") + 2, "user:hunter2@");
    scene.server->behave(Manner::kBusy);
    const RemoteSigner with_password(url, scene.local->address(), scene.http);
    CHECK_THROWS_WITH(with_password.check(), !Catch::Contains("hunter2"));
}
