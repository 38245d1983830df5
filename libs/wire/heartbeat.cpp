// The agent's signed heartbeat.
#include "crypto/digest.hpp"
#include "wire/detail/fields.hpp"
#include "wire/heartbeat_check.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

namespace lamda::wire {

using detail::Fields;
using detail::Json;

Bytes heartbeat_message(const Heartbeat& heartbeat, const eth::Eip712Domain& domain) {
    eth::StructHasher hasher(
        "Heartbeat(uint8 v,address provider,uint64 seq,string at,string agentVersion,uint32 capacity,uint32 "
        "running,string instance)");
    hasher.add_uint(1)
        .add(heartbeat.provider)
        .add_uint(heartbeat.seq)
        .add_string(to_rfc3339(heartbeat.at))
        .add_string(heartbeat.agent_version)
        .add_uint(heartbeat.capacity)
        .add_uint(heartbeat.running)
        .add_string(heartbeat.instance);
    return eth::typed_data_message(domain, hasher.hash());
}

Heartbeat sign_heartbeat(Heartbeat heartbeat, const eth::Eip712Domain& domain, const crypto::Signer& signer) {
    heartbeat.signature = signer.sign(heartbeat_message(heartbeat, domain));
    return heartbeat;
}

lamda::Status verify_heartbeat(const Heartbeat& heartbeat, const eth::Eip712Domain& domain) {
    if (!heartbeat.signature) {
        return Error{"invalid_signature", "the heartbeat is not signed", "/signature"};
    }
    const auto signer =
        crypto::recover(crypto::keccak256(heartbeat_message(heartbeat, domain)), *heartbeat.signature);
    if (!signer || *signer != heartbeat.provider) {
        return Error{"invalid_signature",
                     "not signed by " + heartbeat.provider.hex() + " for chain " +
                         std::to_string(domain.chain_id.value) + " and JobManager " +
                         domain.verifying_contract.hex(),
                     "/signature"};
    }
    return Ok{};
}

Result<Bytes> public_key_of(const Heartbeat& heartbeat, const eth::Eip712Domain& domain) {
    if (!heartbeat.signature) {
        return Error{"invalid_signature", "the heartbeat is not signed", "/signature"};
    }
    const auto key = crypto::recover_public_key(crypto::keccak256(heartbeat_message(heartbeat, domain)),
                                                *heartbeat.signature);
    if (!key) {
        return key.error();
    }
    return crypto::compressed_public_key(*key);
}

namespace {

Bytes notice_message(const Heartbeat& heartbeat, const std::string& text, const eth::Eip712Domain& domain) {
    eth::StructHasher hasher("HeartbeatNotice(address provider,uint64 seq,string notice)");
    hasher.add(heartbeat.provider).add_uint(heartbeat.seq).add_string(text);
    return eth::typed_data_message(domain, hasher.hash());
}

}  // namespace

Heartbeat sign_notice(Heartbeat heartbeat, std::string text, const eth::Eip712Domain& domain,
                      const crypto::Signer& signer) {
    const auto signature = signer.sign(notice_message(heartbeat, text, domain));
    heartbeat.notice = HeartbeatNotice{std::move(text), signature};
    return heartbeat;
}

lamda::Status verify_notice(const Heartbeat& heartbeat, const eth::Eip712Domain& domain) {
    const Error unsigned_notice{
        "invalid_signature", "the notice is not signed by " + heartbeat.provider.hex(), "/noticeSignature"};
    if (!heartbeat.notice) {
        return unsigned_notice;
    }
    const auto& [text, signature] = *heartbeat.notice;
    const auto signer =
        crypto::recover(crypto::keccak256(notice_message(heartbeat, text, domain)), signature);
    if (!signer || *signer != heartbeat.provider) {
        return unsigned_notice;
    }
    return Ok{};
}

std::string to_json(const Heartbeat& message) {
    Json::Object fields = {{"v", 1},
                           {"provider", message.provider.hex()},
                           {"seq", message.seq},
                           {"at", to_rfc3339(message.at)},
                           {"agentVersion", message.agent_version},
                           {"capacity", message.capacity},
                           {"running", message.running}};
    if (!message.instance.empty()) {
        fields.emplace_back("instance", message.instance);
    }
    if (message.signature) {
        fields.emplace_back("signature", message.signature->hex65());
    }
    if (message.notice) {
        fields.emplace_back("notice", message.notice->text);
        fields.emplace_back("noticeSignature", message.notice->signature.hex65());
    }
    return Json(std::move(fields)).text();
}

Result<Heartbeat> parse_heartbeat(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    Heartbeat out;
    out.provider = fields.lowercase_address("provider");
    out.seq = fields.uint64("seq", 1);
    out.at = fields.time("at");
    out.agent_version = fields.text("agentVersion", 1, 64);
    out.capacity = fields.uint32("capacity", 0, 1'000'000);
    out.running = fields.uint32("running", 0, 1'000'000);
    out.instance = fields.optional_text("instance", 64).value_or("");
    if (fields.has("signature")) {
        out.signature =
            fields.checked("signature", crypto::Signature::from_hex65(fields.text("signature", 0, 132)), {});
    }
    if (fields.has("notice")) {
        out.notice = HeartbeatNotice{
            fields.text("notice", 0, kMostNoticeBytes),
            fields.checked("noticeSignature",
                           crypto::Signature::from_hex65(fields.text("noticeSignature", 0, 132)), {})};
    }
    if (failure) {
        return *failure;
    }
    return out;
}

Result<Heartbeat> read_heartbeat(std::string_view subject, std::string_view body) {
    const auto from = provider_of(subject);
    if (!from) {
        return from.error();
    }
    auto heartbeat = parse_heartbeat(body);
    if (heartbeat && heartbeat->provider != *from) {
        return Error{"another_provider", "the provider is another one than the subject's", "/provider"};
    }
    return heartbeat;
}

lamda::Status check_heartbeat(const Heartbeat& heartbeat, std::uint64_t newest,
                              const eth::Eip712Domain& domain, Timestamp now) {
    if (heartbeat.seq <= newest) {
        return Error{"replayed",
                     "seq " + std::to_string(heartbeat.seq) + " is not greater than " +
                         std::to_string(newest) + ", the newest one that was accepted",
                     "/seq"};
    }
    const auto latest = (now + kMostHeartbeatLead).time_since_epoch().count();
    if (std::cmp_greater(heartbeat.seq, latest)) {
        return Error{"too_far_ahead",
                     "seq " + std::to_string(heartbeat.seq) + " is more than three days ahead of " +
                         to_rfc3339(now) + " in milliseconds",
                     "/seq"};
    }
    return verify_heartbeat(heartbeat, domain);
}

}  // namespace lamda::wire
