// Tests of signatures of contract wallets (ERC-1271, ERC-6492) on a real EVM node.
#include "services/api-gateway/session/contract_wallets.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "eth/codec/abi.hpp"
#include "eth/rpc_client.hpp"
#include "services/api-gateway/testing/test_wallet.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

constexpr auto kChain = ChainId{97};
const std::string kClient = "192.0.2.1";

Bytes code_of(const std::string& contract) {
    std::ifstream in(testkit::source_dir() + "/tests/data/wallets/" + contract + ".json");
    return from_hex(json::parse(in).at("bytecode").get<std::string>()).value();
}

Bytes joined(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

Bytes call_of(std::string_view signature, const eth::abi::Encoder& arguments) {
    const auto selector = eth::abi::selector(signature);
    return joined(Bytes(selector.begin(), selector.end()), arguments.finish());
}

/// An EVM node with the wallets of tests/data/wallets.
struct Chain {
    Chain()
        : dir("contract_wallets"),
          node(dir.path() + "/evm", {kChain}),
          rpc(node.url(), testkit::kCallTimeout, http) {
        factory = deploy(code_of("WalletFactory"));
    }

    Address deploy(const Bytes& code) {
        const auto hash = json::parse(node.call(
            "eth_sendTransaction",
            json{{{"from", "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"}, {"data", to_hex(code)}}}.dump()));
        const auto tx = TxHash::parse(hash.get<std::string>()).value();
        std::optional<eth::Receipt> receipt;
        REQUIRE(testkit::wait_until([&] { return (receipt = rpc.receipt(tx)).has_value(); }));
        REQUIRE(receipt->contract_address);
        return *receipt->contract_address;
    }
    Address deploy(const std::string& contract, const eth::abi::Encoder& arguments) {
        return deploy(joined(code_of(contract), arguments.finish()));
    }
    /// The address at which the factory creates the owner's wallet.
    Address wallet_of(const Address& owner) {
        eth::CallRequest request;
        request.to = factory;
        request.data =
            call_of("walletOf(address,bytes32)", eth::abi::Encoder().address(owner).bytes32(bytes_of(1)));
        return eth::abi::Decoder(rpc.call(request, eth::Tag::kLatest)).address(0).value();
    }
    /// The signature with the call that creates the owner's wallet, and ERC-6492's mark.
    Bytes with_creation(const Address& owner, const Bytes& signature) const {
        const auto create =
            call_of("create(address,bytes32)", eth::abi::Encoder().address(owner).bytes32(bytes_of(1)));
        auto out = eth::abi::Encoder().address(factory).bytes(create).bytes(signature).finish();
        for (int i = 0; i < 32; ++i) {
            out.push_back(i % 2 == 0 ? 0x64 : 0x92);
        }
        return out;
    }

    testkit::TempDir dir;
    testkit::Anvil node;
    net::HttpClient http;
    eth::HttpRpc rpc;
    Address factory;
    FakeClock clock{from_unix_seconds(1'800'000'000)};
};

ContractWallets wallets_of(Chain& chain, const std::vector<std::string>& urls) {
    return {urls, chain.clock, telemetry::Log::none(), chain.http, testkit::kCallTimeout};
}

}  // namespace

TEST_CASE("Contract wallets are asked: deployed, not deployed yet, and hostile ones") {
    Chain chain;
    auto wallets = wallets_of(chain, {chain.node.url()});
    const TestWallet owner(5);
    const auto digest = eth::personal_digest("a message");
    const auto signature = owner.signature("a message").bytes65();
    const auto other = owner.signature("another message").bytes65();
    const auto accept = [&](const Address& wallet, const Bytes& bytes) {
        chain.clock.advance(std::chrono::minutes(1));  // the client's share
        return wallets.accept(contract_question(wallet, digest, bytes).value(), kChain, kClient);
    };
    SECTION("deployed") {
        const auto wallet = chain.deploy("KeyWallet", eth::abi::Encoder().address(owner.address()));
        CHECK(accept(wallet, signature));
        CHECK_FALSE(accept(wallet, other));
        CHECK_FALSE(accept(wallet, {}));
        CHECK_FALSE(accept(owner.address(), signature));  // no contract there
        // It returns its input, which begins with the selector that a wallet answers.
        CHECK_FALSE(accept(Address::parse("0x0000000000000000000000000000000000000004").value(), signature));
        CHECK_FALSE(accept(TestWallet(6).address(), chain.with_creation(owner.address(), signature)));
    }
    SECTION("not deployed yet") {
        const auto wallet = chain.wallet_of(owner.address());
        CHECK_FALSE(accept(wallet, signature));
        CHECK(accept(wallet, chain.with_creation(owner.address(), signature)));
        CHECK_FALSE(accept(wallet, chain.with_creation(owner.address(), other)));
        CHECK_FALSE(accept(wallet, chain.with_creation(TestWallet(6).address(), signature)));
        CHECK(chain.rpc.code(wallet, eth::Tag::kLatest).empty());  // nothing was deployed by the question
        chain.node.call(
            "eth_sendTransaction",
            json{{{"from", "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"},
                  {"to", chain.factory.hex()},
                  {"data",
                   to_hex(call_of("create(address,bytes32)",
                                  eth::abi::Encoder().address(owner.address()).bytes32(bytes_of(1))))}}}
                .dump());
        REQUIRE(testkit::wait_until([&] { return !chain.rpc.code(wallet, eth::Tag::kLatest).empty(); }));
        CHECK(accept(wallet, chain.with_creation(owner.address(), signature)));
        CHECK(accept(wallet, signature));
    }
    SECTION("hostile") {
        for (unsigned mode = 0; mode <= 5; ++mode) {
            INFO("mode " << mode);
            const auto wallet = chain.deploy("HostileWallet", eth::abi::Encoder().uint(mode));
            CHECK_FALSE(accept(wallet, signature));
            // The endpoint is still used.
            CHECK(accept(chain.wallet_of(owner.address()), chain.with_creation(owner.address(), signature)));
        }
    }
}

TEST_CASE("An answer of the chain needs more than half of the endpoints, and none against it") {
    using enum ContractAnswer;
    const auto code_of_problem = [](const std::vector<ContractAnswer>& answers) -> std::string {
        try {
            (void)judge_answers(answers);
            return "";
        } catch (const problem::Problem& problem) {
            CHECK(problem.status == 503);
            CHECK(problem.retry_after > 0);
            return problem.code;
        }
    };
    CHECK(judge_answers({kAccepted}));
    CHECK(judge_answers({kAccepted, kAccepted, kNone}));
    CHECK_FALSE(judge_answers({kRefused}));
    CHECK_FALSE(judge_answers({kRefused, kNone, kNone}));
    CHECK(code_of_problem({kAccepted, kRefused}) == "chain_disputed");
    CHECK(code_of_problem({kAccepted, kAccepted, kRefused}) == "chain_disputed");
    CHECK(code_of_problem({kAccepted, kNone}) == "chain_unavailable");
    CHECK(code_of_problem({kAccepted, kOtherChain}) == "chain_unavailable");
    CHECK(code_of_problem({kNone}) == "chain_unavailable");
    CHECK(code_of_problem({kOtherChain, kNone}) == "wrong_chain");
}

TEST_CASE("Endpoints that are unreachable or on another chain let no contract wallet in") {
    Chain chain;
    const TestWallet owner(5);
    const auto digest = eth::personal_digest("a message");
    const auto wallet = chain.deploy("KeyWallet", eth::abi::Encoder().address(owner.address()));
    const auto question = contract_question(wallet, digest, owner.signature("a message").bytes65()).value();
    const auto outcome = [&](ContractWallets& wallets, ChainId id) -> std::string {
        try {
            return wallets.accept(question, id, kClient) ? "accepted" : "refused";
        } catch (const problem::Problem& problem) {
            return problem.code;
        }
    };
    const std::string dead = "http://127.0.0.1:1";
    auto none = wallets_of(chain, {});
    CHECK(outcome(none, kChain) == "contract_wallet_unsupported");
    auto one_of_three = wallets_of(chain, {chain.node.url(), dead, dead});
    CHECK(outcome(one_of_three, kChain) == "chain_unavailable");
    auto two_of_three = wallets_of(chain, {chain.node.url(), dead, chain.node.url()});
    CHECK(outcome(two_of_three, kChain) == "accepted");
    CHECK(outcome(two_of_three, ChainId{56}) == "wrong_chain");
    auto limited = wallets_of(chain, {chain.node.url()});
    int admitted = 0;
    while (outcome(limited, kChain) == "accepted" && ++admitted < 1'000) {
    }
    CHECK(admitted == 10);
    CHECK(outcome(limited, kChain) == "too_many_sign_ins");
}

TEST_CASE("A contract wallet signs in through the gateway") {
    Chain chain;
    auto settings = sign_in_config();
    settings.bsc_rpc_urls = {chain.node.url()};
    Gateway gateway(settings);
    const TestWallet owner(5);
    const auto wallet = chain.wallet_of(owner.address());
    const auto sign_in = [&](const Address& address, auto wrapped) {
        auto message = owner.message(gateway);
        message.address = crypto::checksum_address(address);
        const auto signature = owner.signature(message.text()).bytes65();
        return gateway.send(
            "POST", "/api/session",
            json{{"message", message.text()}, {"signature", to_hex(wrapped(signature))}}.dump());
    };
    const auto created =
        sign_in(wallet, [&](const Bytes& s) { return chain.with_creation(owner.address(), s); });
    INFO(created.raw.body);
    CHECK(created.status == 201);
    CHECK(created.body.at("session").at("wallet_address") == crypto::checksum_address(wallet));
    const auto same = [](const Bytes& s) { return s; };
    CHECK(sign_in(wallet, same).body.at("code") == "invalid_signature");
    const auto deployed = chain.deploy("KeyWallet", eth::abi::Encoder().address(owner.address()));
    CHECK(sign_in(deployed, same).status == 201);
    CHECK(sign_in(owner.address(), same).status == 201);
    const auto marked = sign_in(wallet, [](Bytes s) {
        for (int i = 0; i < 32; ++i) {
            s.push_back(i % 2 == 0 ? 0x64 : 0x92);
        }
        return s;
    });
    CHECK(marked.status == 400);
    CHECK(marked.body.at("errors")[0].at("pointer") == "/signature");
    chain.node.stop();
    CHECK(sign_in(deployed, same).body.at("code") == "chain_unavailable");
    CHECK(sign_in(owner.address(), same).status == 201);
}
