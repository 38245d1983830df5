// SigningPolicy: the calls that a wallet may sign, each recomputed from its intent's key.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/u256.hpp"

namespace lamda::txsender {

/// The effect of a transaction.
struct Call {
    Address to;
    U256 value = 0;
    Bytes data;
    bool operator==(const Call&) const = default;
};

/// Code of a refusal that is no violation: the key may be signed for later, or was signed for before.
inline constexpr auto kNotDue = "not_due";

/// What an intent's row says of recipient, value and calldata is never signed: the policy sees keys alone,
/// and answers with the call that a key stands for. Fillers (`fill:<nonce>`) are the sender's own.
class SigningPolicy {
  public:
    virtual ~SigningPolicy() = default;
    /// In the order of the keys. An error means that nothing may be signed for the key; with another code
    /// than kNotDue it is a violation, which raises an alert. @throws what storage throws
    virtual std::vector<Result<Call>> calls(const std::vector<std::string>& keys) = 0;
};

/// A policy that needs nothing but the key.
class PolicyByKey final : public SigningPolicy {
  public:
    using CallOf = std::function<Result<Call>(std::string_view key)>;
    explicit PolicyByKey(CallOf call_of) : call_of_(std::move(call_of)) {}
    std::vector<Result<Call>> calls(const std::vector<std::string>& keys) override {
        std::vector<Result<Call>> out;
        out.reserve(keys.size());
        for (const auto& key : keys) {
            out.push_back(call_of_(key));
        }
        return out;
    }

  private:
    CallOf call_of_;
};

}  // namespace lamda::txsender
