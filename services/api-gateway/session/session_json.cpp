#include "services/api-gateway/session/session_json.hpp"

#include <nlohmann/json.hpp>

#include "crypto/signer.hpp"

namespace lamda::gateway {

std::string session_json(const Session& session, const std::optional<Bytes32>& current) {
    const nlohmann::ordered_json out = {{"id", session.id},
                                        {"wallet_address", crypto::checksum_address(session.wallet)},
                                        {"chain_id", session.chain_id.value},
                                        {"domain", session.domain},
                                        {"user_agent", session.user_agent},
                                        {"created_at", to_rfc3339(session.created_at)},
                                        {"last_activity", to_rfc3339(session.last_activity)},
                                        {"expires_at", to_rfc3339(session.expires_at)},
                                        {"current", current == session.digest}};
    return out.dump();
}

http::Response private_response(std::string body, int status) {
    return {status, "application/json", std::move(body), {{"Cache-Control", "no-store"}}};
}

}  // namespace lamda::gateway
