// Wallets that sign in, for tests only.
#pragma once

#include "crypto/signer.hpp"
#include "eth/codec/typed_data.hpp"
#include "services/api-gateway/testing/gateway_scene.hpp"

namespace lamda::gateway {

/// Fields of a sign-in message as text; a member that is empty is omitted where EIP-4361 allows it.
struct MessageText {
    std::string scheme;
    std::string domain = "localhost:3000";
    std::string address;
    std::string statement = "I accept the Terms of Service: https://example.org/tos";
    std::string uri = "http://localhost:3000/login";
    std::string version = "1";
    std::string chain_id = "97";
    std::string nonce = "0123456789abcdef";
    std::string issued_at = "2026-11-20T10:00:00.000Z";
    std::string expiration_time;
    std::string not_before;
    std::string request_id;
    std::vector<std::string> resources;

    std::string text() const {
        std::string out = (scheme.empty() ? "" : scheme + "://") + domain +
                          " wants you to sign in with your Ethereum account:\n" + address + "\n\n" +
                          (statement.empty() ? "" : statement + "\n") + "\nURI: " + uri +
                          "\nVersion: " + version + "\nChain ID: " + chain_id + "\nNonce: " + nonce +
                          "\nIssued At: " + issued_at;
        const auto add = [&](const char* name, const std::string& value) {
            out += value.empty() ? "" : std::string("\n") + name + ": " + value;
        };
        add("Expiration Time", expiration_time);
        add("Not Before", not_before);
        add("Request ID", request_id);
        out += resources.empty() ? "" : "\nResources:";
        for (const auto& resource : resources) {
            out += "\n- " + resource;
        }
        return out;
    }
};

/// A wallet with a key.
class TestWallet {
  public:
    /// @param n any number; equal ones have the same key
    explicit TestWallet(unsigned n)
        : signer_(std::move(*crypto::LocalSigner::from_bytes(bytes_of(n).view()))) {}
    Address address() const { return signer_->address(); }
    std::string name() const { return crypto::checksum_address(address()); }
    crypto::Signature signature(const std::string& text) const {
        return signer_->sign(eth::personal_message(text));
    }
    /// The message of a sign-in now, with a nonce of the gateway.
    MessageText message(Gateway& gateway) const {
        const auto nonce = gateway.get("/api/session/nonce");
        REQUIRE(nonce.status == 200);
        MessageText out;
        out.address = name();
        out.nonce = nonce.body.at("nonce").get<std::string>();
        out.issued_at = nonce.body.at("issued_at").get<std::string>();
        return out;
    }
    /// The body of POST /api/session.
    std::string body(const std::string& text, const std::string& delivery = "bearer") const {
        return json{{"message", text}, {"signature", signature(text).hex65()}, {"delivery", delivery}}.dump();
    }
    Answer try_to_sign_in(Gateway& gateway, const MessageText& message) const {
        return gateway.send("POST", "/api/session", body(message.text()));
    }
    /// Signs in, and returns the token.
    std::string sign_in(Gateway& gateway) const {
        const auto answer = try_to_sign_in(gateway, message(gateway));
        INFO(answer.raw.body);
        REQUIRE(answer.status == 201);
        return answer.body.at("token").get<std::string>();
    }

  private:
    std::unique_ptr<crypto::LocalSigner> signer_;
};

inline net::Headers bearer(const std::string& token) {
    return {{"Authorization", "Bearer " + token}};
}

/// Settings under which wallets of applications on this machine may sign in.
inline Config sign_in_config() {
    auto out = config();
    out.sign_in_domains.loopback = true;
    out.cors_origins = {kOrigin};
    return out;
}

}  // namespace lamda::gateway
