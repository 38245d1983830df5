#include "wire/secrets.hpp"

#include "crypto/digest.hpp"
#include "wire/detail/spec_fields.hpp"

namespace lamda::wire {
namespace {

constexpr std::string_view kLabel = "Lamda secret\n";

/// Associated data of a secret: label, SHA-256 of the canonical spec without secrets, name.
Bytes context_of(const JobSpec& spec, std::string_view name) {
    JobSpec bare = spec;
    bare.secrets.clear();
    const Bytes32 digest = crypto::sha256(as_bytes(canonical_json(bare)));
    const std::string text = std::string(kLabel) + as_string(digest.view()) + std::string(name);
    const auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

Error invalid_spec(std::string message) {
    return {"invalid_spec", std::move(message), "/spec"};
}

}  // namespace

Result<std::string> seal_secret(const JobSpec& spec, std::string_view name, BytesView plain,
                                BytesView public_key) {
    if (!detail::is_variable_name(name)) {
        return Error{"invalid_secret", "a name must be like an environment variable's, at most 64 characters",
                     ""};
    }
    if (plain.size() > kMostSecretBytes) {
        return Error{"invalid_secret", "a secret has at most 16,384 bytes", ""};
    }
    const auto address = crypto::address_of_public_key(public_key);
    if (!address) {
        return address.error();
    }
    if (*address != spec.provider) {
        return Error{
            "invalid_public_key",
            "the public key is that of " + address->hex() + ", and the provider is " + spec.provider.hex(),
            ""};
    }
    const auto sealed = crypto::seal(plain, public_key, context_of(spec, name));
    if (!sealed) {
        return sealed.error();
    }
    return crypto::to_base64url(*sealed);
}

Result<std::map<std::string, crypto::SecretBytes>> open_secrets(const JobSpec& spec,
                                                                const crypto::Signer& provider) {
    std::map<std::string, crypto::SecretBytes> out;
    for (const auto& [name, text] : spec.secrets) {
        const auto sealed = crypto::from_base64url(text);
        if (!sealed) {
            return sealed.error();
        }
        auto plain = crypto::open_sealed(*sealed, provider, context_of(spec, name));
        if (!plain) {
            return plain.error();
        }
        out.emplace(name, std::move(*plain));
    }
    return out;
}

Result<JobSpec> sealed_spec(const Assignment& assignment) {
    if (!assignment.spec) {
        return invalid_spec("the assignment has no spec");
    }
    auto spec = parse_canonical_job_spec(*assignment.spec);
    if (!spec) {
        return invalid_spec(spec.error().message);
    }
    if (job_id_of_canonical(*assignment.spec) != assignment.job_id) {
        return invalid_spec("the jobId is not the spec's digest");
    }
    const bool same =
        spec->provider == assignment.provider && spec->chain_id == assignment.chain_id &&
        spec->job_manager == assignment.job_manager && spec->docker_image == assignment.docker_image &&
        spec->input_file_cid == assignment.input_file_cid && spec->command == assignment.command &&
        spec->env == assignment.env && spec->requirements == assignment.requirements;
    if (!same) {
        return invalid_spec("the assignment asks for other work than the spec");
    }
    return spec;
}

}  // namespace lamda::wire
