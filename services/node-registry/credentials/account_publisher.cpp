#include "services/node-registry/credentials/account_publisher.hpp"

#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"

namespace lamda::registry {

namespace {

constexpr Millis kTimeout{3'000};
constexpr std::int64_t kForever = 253'402'300'799;  // the end of the year 9999

natsauth::AccountClaims claims_of(const natsauth::IssuerKeys& keys, const Address& provider) {
    return natsauth::provider_claims(keys.accounts, provider, keys.signing_keys());
}

}  // namespace

std::map<std::string, std::int64_t> revocations_of(const BusAccess& access) {
    if (access.revoked) {
        return {{"*", kForever}};
    }
    if (access.revoked_at) {
        return {{"*", std::chrono::duration_cast<std::chrono::seconds>(access.revoked_at->time_since_epoch())
                          .count()}};
    }
    return {};
}

AccountPublisher::AccountPublisher(const natsauth::IssuerKeys& keys, bus::Bus& system, const Clock& clock)
    : keys_(keys),
      system_(system),
      clock_(clock),
      form_(crypto::sha256(as_bytes(encode(claims_of(keys, Address()), keys.operator_key, Timestamp())))) {
    system_.on_change([this](bool connected) { connects_ += connected ? 1 : 0; });
}

AccountPublisher::~AccountPublisher() {
    system_.on_change(nullptr);
}

void AccountPublisher::push(const Address& provider, const BusAccess& access) {
    if (!connected()) {
        throw bus::Unavailable("no connection to the system account of the NATS server: " +
                               system_.last_error());
    }
    auto claims = claims_of(keys_, provider);
    claims.revocations = revocations_of(access);
    const auto answer =
        system_.request("$SYS.REQ.CLAIMS.UPDATE", encode(claims, keys_.operator_key, clock_.now()), kTimeout);
    const auto json = nlohmann::json::parse(answer, nullptr, false);
    const auto data = json.is_object() ? json.find("data") : json.end();
    if (data == json.end() || !data->is_object() || data->value("code", 0) != 200) {
        throw std::runtime_error("the NATS server refuses the account of " + provider.hex() +
                                 ": its operator does not trust the signing key of NATS_ISSUER_FILE, or it "
                                 "has no resolver of type full");
    }
}

}  // namespace lamda::registry
