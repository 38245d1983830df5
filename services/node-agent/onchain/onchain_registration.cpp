#include "services/node-agent/onchain/onchain_registration.hpp"

#include <algorithm>

#include "contracts/node_reputation.hpp"
#include "runtime/app.hpp"
#include "services/node-agent/onchain/agent_sender_config.hpp"

namespace lamda::agent {

namespace nr = contracts::node_reputation;

namespace {

constexpr std::string_view kRegister = "register:";
constexpr std::string_view kHeartbeat = "heartbeat:";
constexpr Millis kLongestLook{5'000};
constexpr Millis kPace{1'000};
constexpr auto kRetention = std::chrono::hours(24);

}  // namespace

OnchainRegistration::OnchainRegistration(RegistrationConfig config, FileTxQueue& tx_queue, eth::Rpc& opbnb,
                                         const crypto::Signer& signer, const telemetry::Context& context)
    : config_(std::move(config)),
      tx_queue_(tx_queue),
      opbnb_(opbnb),
      signer_(signer),
      clock_(context.clock),
      log_(context.log),
      metrics_(context.metrics),
      health_(context.health) {}

OnchainRegistration::Node OnchainRegistration::read_node() {
    nr::GetProviderInfo call;
    call.provider = signer_.address();
    eth::CallRequest request;
    request.to = config_.node_reputation;
    request.data = call.encode();
    const auto info = nr::GetProviderInfo::decode_result(opbnb_.call(request, eth::Tag::kLatest));
    if (!info) {
        throw eth::BadAnswer(200, "unexpected answer to getProviderInfo: " + info.error().message);
    }
    const auto head = opbnb_.header(eth::BlockSpec(eth::Tag::kLatest));
    if (!head) {
        throw eth::BadAnswer(200, "no latest block");
    }
    return {info->info.is_registered, from_unix_seconds(to_u64(info->info.last_seen).value_or(0)),
            from_unix_seconds(head->timestamp)};
}

Result<txsender::Call> registration_call(const RegistrationConfig& config, std::string_view key) {
    if (key.starts_with(kRegister)) {
        nr::RegisterNode call;
        call.gpu_model = config.gpu_model;
        call.vram = config.vram_mib;
        return txsender::Call{config.node_reputation, 0, call.encode()};
    }
    if (key.starts_with(kHeartbeat)) {
        return txsender::Call{config.node_reputation, 0, nr::SendHeartbeat{}.encode()};
    }
    return Error{"unknown_key", "unknown key; use register:<time> or heartbeat:<time>", ""};
}

void OnchainRegistration::note_intents(const Node& node) {
    if (tx_queue_.open_count() > 0) {
        return;  // one transaction at a time
    }
    const auto now = node.now;
    const auto stamp =
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    std::string key;
    if (!node.registered) {
        if (!config_.register_node) {
            return;
        }
        key = std::string(kRegister) + stamp;
    } else {
        if (config_.heartbeat_interval.count() == 0 || now - node.last_seen < config_.heartbeat_interval) {
            return;
        }
        key = std::string(kHeartbeat) + stamp;
    }
    const auto call = registration_call(config_, key).value();
    if (tx_queue_.put_intent({key, call.to, call.value, call.data, txsender::OnRevert::kGiveUp})) {
        log_.info("transaction queued", {{"intent", key}});
    }
    tx_queue_.forget_done(clock_.now() - kRetention);
}

void OnchainRegistration::run(const std::stop_token& stop) {
    if (!config_.register_node && config_.heartbeat_interval.count() == 0 && tx_queue_.open_count() == 0) {
        return;
    }
    const auto chain = chain_id_of(opbnb_, "OPBNB_RPC_URL");
    txsender::PolicyByKey policy([this](std::string_view key) { return registration_call(config_, key); });
    txsender::Sender sender(sender_config("agent:opbnb", chain, kOpBnbLeastTip), opbnb_, signer_, tx_queue_,
                            policy, {clock_, log_, metrics_, health_}, {});
    const auto look = config_.heartbeat_interval.count() == 0
                          ? kLongestLook
                          : std::min(config_.heartbeat_interval, kLongestLook);
    sender.step();  // updates readiness; later passes run only while an intent is open
    std::optional<Steady> looked;
    while (!stop.stop_requested()) {
        if (!looked || clock_.steady() - *looked >= look) {
            note_intents(read_node());
            looked = clock_.steady();
        }
        if (tx_queue_.open_count() > 0) {
            sender.step();
        }
        runtime::pause(stop, kPace);
    }
}

}  // namespace lamda::agent
