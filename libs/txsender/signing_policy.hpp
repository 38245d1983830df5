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

/// Error code of a refusal that is no violation: the key may be signed later, or was signed before.
inline constexpr auto kNotDue = "not_due";

/// Recipient, value and calldata of an intent's row are never signed. The policy sees only keys, and returns
/// the call of each key. The sender itself makes the calls of fillers (`fill:<nonce>`).
class SigningPolicy {
  public:
    virtual ~SigningPolicy() = default;
    /// Returns the calls in the order of the keys. An error means that nothing may be signed for the key;
    /// with a code other than kNotDue it is a violation, which raises an alert. @throws errors of the storage
    virtual std::vector<Result<Call>> calls(const std::vector<std::string>& keys) = 0;
};

/// SigningPolicy whose calls depend only on the key.
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
