#include "chain_server.hpp"

#include "report.hpp"

namespace lamda::bench {

namespace {

/// The pace of the polls follows the interval of the newest 128 blocks: 2 s for all of them.
constexpr std::uint64_t kFirstBlocks = 130;
constexpr std::uint64_t kSecondsOfFirstBlocks = 2;
constexpr std::uint64_t kNeverFinal = 1U << 30;
constexpr std::uint64_t kSeed = 1;

simulator::EndpointPlan good_endpoint(ChainId chain) {
    simulator::EndpointPlan out;
    out.url = "http://chain";
    out.chain = chain;
    return out;
}

http::ServerConfig large_answers() {
    http::ServerConfig out;
    out.keep_alive_ms = 600'000;
    return out;
}

std::uint64_t unix_seconds(Timestamp at) {
    return static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

}  // namespace

ChainServer::ChainServer(ChainId chain, const Address& contract)
    : chain_(kSeed, clock_, std::chrono::seconds(kSecondsOfFirstBlocks)),
      endpoint_(good_endpoint(chain), chain_, kSeed),
      server_(large_answers(), clock_, telemetry::Log::none(), metrics_) {
    chain_.id = chain;
    chain_.set_code(contract, BlockNum{0});
    const auto now = unix_seconds(clock_.now());
    for (std::uint64_t i = 1; i < kFirstBlocks; ++i) {
        chain_.mine_at(now - kSecondsOfFirstBlocks + kSecondsOfFirstBlocks * i / kFirstBlocks);
    }
    chain_.finality_depth = kNeverFinal;
    server_.route("POST", "/", [this](const http::Request& request) { return answer(request); });
    port_ = server_.start();
}

std::string ChainServer::url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/";
}

void ChainServer::mine(std::vector<eth::Log> logs) {
    const std::lock_guard lock(mutex_);
    chain_.mine(std::move(logs));
    watched_ = "\"hash\":\"" + chain_.at(chain_.height()).hash.hex() + "\"";
    handed_out_.reset();
}

void ChainServer::finalize() {
    const std::lock_guard lock(mutex_);
    chain_.finality_depth = 1;
    chain_.mine();
    chain_.finality_depth = kNeverFinal;
    handed_out_.reset();
}

std::optional<double> ChainServer::handed_out() const {
    const std::lock_guard lock(mutex_);
    return handed_out_;
}

http::Response ChainServer::answer(const http::Request& request) {
    net::HttpRequest call;
    call.method = "POST";
    call.body = request.body;
    call.timeout = Millis(0);
    const std::lock_guard lock(mutex_);
    const auto now = Millis(0);
    auto found = endpoint_.end(call, endpoint_.begin(call, now), now);
    http::Response out;
    out.status = found->status;
    out.body = std::move(found->body);
    if (!handed_out_ && !watched_.empty() && out.body.find(watched_) != std::string::npos) {
        handed_out_ = now_seconds();
    }
    return out;
}

}  // namespace lamda::bench
