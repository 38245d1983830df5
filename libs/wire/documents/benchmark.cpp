#include "wire/documents/benchmark.hpp"

#include "crypto/digest.hpp"
#include "wire/detail/fields.hpp"
#include "wire/job_spec.hpp"

namespace lamda::wire {

using detail::Fields;
using detail::Json;

Bytes benchmark_message(const Benchmark& benchmark, const eth::Eip712Domain& domain) {
    eth::StructHasher hasher("Benchmark(address provider,string at,bytes32 resultHash)");
    hasher.add(benchmark.provider)
        .add_string(to_rfc3339(benchmark.at))
        .add(crypto::sha256(as_bytes(benchmark.result)));
    return eth::typed_data_message(domain, hasher.hash());
}

Benchmark sign_benchmark(Benchmark benchmark, const eth::Eip712Domain& domain, const crypto::Signer& signer) {
    benchmark.signature = signer.sign(benchmark_message(benchmark, domain));
    return benchmark;
}

lamda::Status verify_benchmark(const Benchmark& benchmark, const eth::Eip712Domain& domain) {
    if (!benchmark.signature) {
        return Error{"invalid_signature", "the benchmark is not signed", "/signature"};
    }
    const auto signer =
        crypto::recover(crypto::keccak256(benchmark_message(benchmark, domain)), *benchmark.signature);
    if (!signer || *signer != benchmark.provider) {
        return Error{"invalid_signature", "not signed by " + benchmark.provider.hex() + " for this market",
                     "/signature"};
    }
    return Ok{};
}

std::string to_json(const Benchmark& message) {
    const auto result = detail::parse_json(message.result, {1U << 20U, 8, true});
    Json::Object fields = {{"v", 1},
                           {"provider", message.provider.hex()},
                           {"at", to_rfc3339(message.at)},
                           {"result", result ? *result : Json(nullptr)}};
    if (message.signature) {
        fields.emplace_back("signature", message.signature->hex65());
    }
    return Json(std::move(fields)).text();
}

Result<Benchmark> parse_benchmark(std::string_view json) {
    const auto value = detail::parse_message(json);
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    Benchmark out;
    out.provider = fields.lowercase_address("provider");
    out.at = fields.time("at");
    if (fields.has("signature")) {
        out.signature =
            fields.checked("signature", crypto::Signature::from_hex65(fields.text("signature", 0, 132)), {});
    }
    if (failure) {
        return *failure;
    }
    const auto* result = value->find("result");
    if (result == nullptr || result->as<Json::Object>() == nullptr) {
        return Error{"invalid_type", "must be an object", "/result"};
    }
    auto canonical = canonicalize_json(result->text());
    if (!canonical) {
        return canonical.error();
    }
    out.result = *std::move(canonical);
    return out;
}

}  // namespace lamda::wire
