#include "localnet/market.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "contracts/job_manager.hpp"
#include "eth/codec/transaction.hpp"
#include "ipfs/testing/put_text.hpp"
#include "testkit/patience.hpp"
#include "testkit/process.hpp"
#include "wire/job_spec.hpp"

namespace lamda::localnet {
namespace {

using nlohmann::json;

constexpr auto kPayment = "10000000000000000";  // 0.01 of the chain's coin
constexpr std::uint64_t kCreateJobGas = 300'000;
constexpr std::uint64_t kGwei = 1'000'000'000;

net::HttpResponse must_succeed(const net::HttpResponse& response, const std::string& what) {
    if (response.status < 200 || response.status > 299) {
        throw std::runtime_error(fmt::format("{} answered {}: {}", what, response.status, response.body));
    }
    return response;
}

}  // namespace

Market::Market(Network& network)
    : network_(network),
      next_nonce_(network.bsc().transaction_count(network.renter().address(), eth::Tag::kPending)) {}

std::string Market::store_input(const std::string& content) {
    constexpr auto kBoundary = "lamda-localnet-input";
    net::HttpRequest request;
    request.method = "POST";
    request.url = network_.content_url() + "/api/v0/add?cid-version=1&raw-leaves=true";
    request.headers = {{"Content-Type", std::string("multipart/form-data; boundary=") + kBoundary}};
    request.body = fmt::format(
        "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"input\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n{1}\r\n--{0}--\r\n",
        kBoundary, content);
    request.timeout = testkit::kCallTimeout;
    const auto answer = must_succeed(network_.http().send(request), "the content store");
    return json::parse(answer.body).at("Hash").get<std::string>();
}

void Market::wait_listed(const Address& provider) {
    if (listed_.contains(provider)) {
        return;
    }
    net::HttpRequest request;
    request.url = network_.api_url() + "/api/nodes/" + provider.hex();
    const bool listed =
        testkit::wait_until([&] { return network_.http().send(request).status == 200; }, Millis(120'000));
    if (!listed) {
        throw std::runtime_error("the gateway lists no node " + provider.hex());
    }
    listed_.insert(provider);
}

OrderedJob Market::describe(std::size_t index) const {
    OrderedJob job;
    job.provider = network_.providers()[index % network_.providers().size()];
    job.input = fmt::format("hello lamda, this is job {}\n", index + 1);
    job.expected_output = job.input;
    std::transform(job.input.begin(), job.input.end(), job.expected_output.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return job;
}

std::string Market::spec_of(const OrderedJob& job, const Work& work) {
    return json({{"renter", network_.renter().address().hex()},
                 {"provider", job.provider.hex()},
                 {"dockerImage", "lamda/busybox:1.35"},
                 {"inputFileCID", store_input(job.input)},
                 {"command", {"sh", "-c", work.command}},
                 {"requirements",
                  {{"memoryMib", work.memory_mib},
                   {"diskMib", 64},
                   {"timeLimitSeconds", work.time_limit_seconds}}}})
        .dump();
}

OrderedJob Market::order(std::size_t index, const Work& work) {
    OrderedJob job = describe(index);
    wait_listed(job.provider);
    net::HttpRequest request;
    request.method = "POST";
    request.url = network_.api_url() + "/api/jobs";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = json({{"spec", json::parse(spec_of(job, work))}, {"payment_amount", kPayment}}).dump();
    request.timeout = testkit::kCallTimeout;
    const auto answer = json::parse(must_succeed(network_.http().send(request), "the gateway").body);
    job.id = JobId::parse(answer.at("id").get<std::string>()).value();
    pay(job);
    return job;
}

OrderedJob Market::order_without_gateway(std::size_t index) {
    OrderedJob job = describe(index);
    const auto spec =
        wire::complete_job_spec(spec_of(job, {}), {network_.bsc_chain(), network_.job_manager(),
                                                   u256_from_decimal(kPayment).value(), random_bytes32()});
    auto paid = order_text(wire::canonical_json(spec.value()), job.provider);
    paid.input = std::move(job.input);
    paid.expected_output = std::move(job.expected_output);
    return paid;
}

OrderedJob Market::order_text(const std::string& spec, const Address& provider) {
    OrderedJob job;
    job.provider = provider;
    job.id = wire::job_id_of_canonical(spec);
    ipfs::ContentStore store({network_.content_url(), {}, "", testkit::kCallTimeout}, network_.http());
    ipfs::put_text(store, spec);
    pay(job);
    return job;
}

void Market::pay(OrderedJob& job) {
    contracts::job_manager::CreateJob call;
    call.job_id = job.id.as<Bytes32>();
    call.provider_address = job.provider;
    eth::Transaction tx;
    tx.chain_id = network_.bsc_chain();
    tx.nonce = next_nonce_++;
    tx.to = network_.job_manager();
    tx.value = u256_from_decimal(kPayment).value();
    tx.data = call.encode();
    tx.gas_limit = kCreateJobGas;
    tx.fee.max_fee = U256(3) * kGwei;
    tx.fee.max_priority_fee = U256(1) * kGwei;
    const auto signed_tx = eth::sign(tx, network_.renter());
    job.raw_tx = signed_tx.raw;
    job.tx = network_.bsc().send_raw_transaction(signed_tx.raw);
}

void Market::resend_missing(const std::vector<OrderedJob>& jobs) {
    for (const auto& job : jobs) {
        if (network_.bsc().receipt(job.tx)) {
            continue;
        }
        try {
            network_.bsc().send_raw_transaction(job.raw_tx);
        } catch (const eth::RpcError&) {
            // "already known" and the like: the node has the payment and will mine it.
        }
    }
}

std::string Market::result_of(const std::string& output_cid) {
    net::HttpRequest request;
    request.url = network_.content_url() + "/ipfs/" + output_cid + "/result";
    return must_succeed(network_.http().send(request), "the content store").body;
}

}  // namespace lamda::localnet
