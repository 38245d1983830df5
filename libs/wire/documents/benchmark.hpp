// A provider's signed measurement of its machine (docs/protocol.md, "Benchmark").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "crypto/signer.hpp"
#include "eth/codec/typed_data.hpp"

namespace lamda::wire {

struct Benchmark {
    Address provider;
    Timestamp at;
    std::string result;  ///< JSON object in canonical form (RFC 8785), integers only
    std::optional<crypto::Signature> signature;
    bool operator==(const Benchmark&) const = default;
};

/// EIP-712 typed data `Benchmark(address provider,string at,bytes32 resultHash)`: resultHash is the SHA-256
/// of `result`. @param domain market_domain()
Bytes benchmark_message(const Benchmark& benchmark, const eth::Eip712Domain& domain);
Benchmark sign_benchmark(Benchmark benchmark, const eth::Eip712Domain& domain, const crypto::Signer& signer);
/// Errors: `invalid_signature`.
lamda::Status verify_benchmark(const Benchmark& benchmark, const eth::Eip712Domain& domain);

std::string to_json(const Benchmark& message);
/// Unknown fields are ignored. Errors: those of JSON, `missing`, `invalid_type` and the like, with the
/// pointer; `not_representable` for a number in `result` that is not an exact integer.
Result<Benchmark> parse_benchmark(std::string_view json);

}  // namespace lamda::wire
