#include "wire/job_spec.hpp"

#include <algorithm>

#include "crypto/address_text.hpp"
#include "crypto/digest.hpp"
#include "eth/codec/typed_data.hpp"
#include "wire/detail/spec_fields.hpp"
#include "wire/image_reference.hpp"

namespace lamda::wire {
namespace {

using detail::Fields;
using detail::Json;

constexpr std::size_t kMostCanonical = kMostSpecBytes;
/// Input limit, before white space and escapes (at most six bytes each) are removed.
constexpr detail::Limits kSpecLimits{.bytes = 8 * kMostCanonical, .depth = 4, .inexact_allowed = false};

Json to_value(const JobSpec& spec) {
    Json::Object out = {
        {"version", 1},
        {"chainId", spec.chain_id.value},
        {"jobManager", spec.job_manager.hex()},
        {"renter", spec.renter.hex()},
        {"provider", spec.provider.hex()},
        {"minPayment", to_decimal(spec.min_payment)},
        {"dockerImage", spec.docker_image},
        {"inputFileCID", spec.input_file_cid},
        {"command", detail::command_json(spec.command)},
        {"env", detail::env_json(spec.env)},
        {"requirements", detail::requirements_json(spec.requirements)},
        {"salt", spec.salt.hex()},
    };
    if (!spec.secrets.empty()) {
        out.emplace_back("secrets", detail::env_json(spec.secrets));
    }
    return out;
}

Result<JobSpec> read_spec(const Json& value, std::vector<Error>* every) {
    std::optional<Error> failure;
    Fields fields(value, "", failure, every);
    fields.only({"version", "chainId", "jobManager", "renter", "provider", "minPayment", "dockerImage",
                 "inputFileCID", "command", "env", "requirements", "salt", "secrets"});
    fields.all({"inputFileCID"});
    fields.object("requirements")
        .only(
            {"cpuMillis", "memoryMib", "diskMib", "gpuCount", "network", "readOnlyRoot", "timeLimitSeconds"});
    fields.integer("version", 1, 1);
    JobSpec spec;
    spec.chain_id.value = fields.uint64("chainId", 1);
    spec.job_manager = fields.lowercase_address("jobManager");
    spec.renter = fields.lowercase_address("renter");
    spec.provider = fields.lowercase_address("provider");
    spec.min_payment =
        fields.checked("minPayment", u256_from_decimal(fields.text("minPayment", 1, 78)), U256(0));
    spec.docker_image = fields.text("dockerImage", 1, detail::kMostImageBytes);
    if (const auto fits = check_image_reference(spec.docker_image); !fits) {
        fields.refuse(fits.error().code, fits.error().message, "dockerImage");
    }
    spec.input_file_cid = fields.optional_cid("inputFileCID");
    spec.command = detail::read_command(fields);
    spec.env = detail::read_env(fields);
    spec.requirements = detail::read_requirements(fields);
    spec.salt = fields.lowercase_id<Bytes32>("salt");
    if (value.find("secrets") != nullptr) {
        spec.secrets = detail::read_secrets(fields);
    }
    if (failure) {
        return *failure;
    }
    if (canonical_json(spec).size() > kMostCanonical) {
        return Error{"too_large", "a spec has at most 65,536 bytes in canonical form", ""};
    }
    return spec;
}

/// As read_spec(), with every breach in `every`, including breaches of no particular field.
Result<JobSpec> read_whole(const Json& value, std::vector<Error>& every) {
    auto spec = read_spec(value, &every);
    if (!spec && every.empty()) {
        every.push_back(spec.error());
    }
    return spec;
}

/// A request may give an address in any case with a correct checksum; the spec has the lowercase form.
void lower_address(Json& object, const char* key, Fields& fields) {
    const Json* value = object.find(key);
    const auto* text = value != nullptr ? value->as<std::string>() : nullptr;
    if (text == nullptr) {
        return;
    }
    const auto address = crypto::parse_address(*text);
    if (!address) {
        fields.refuse(address.error().code, address.error().message, key);
    } else if (address->is_zero()) {
        fields.refuse("invalid_address", "the zero address is not allowed", key);
    } else {
        object.set(key, address->hex());
    }
}

/// Rewrites a CID as CIDv1 in base32, so that one content has one text.
void normalize_cid(Json& object, const char* key) {
    const Json* value = object.find(key);
    if (const auto* text = value != nullptr ? value->as<std::string>() : nullptr) {
        if (const auto cid = Cid::parse(*text)) {
            object.set(key, cid->to_string());
        }
    }
}

/// Removes a member that is false where only true is stored.
void drop_false(Json& object, std::string_view key) {
    if (auto* members = object.as<Json::Object>()) {
        std::erase_if(*members, [&](const Json::Member& member) {
            const auto* flag = member.value.as<bool>();
            return member.key == key && flag != nullptr && !*flag;
        });
    }
}

void fill(Json& object, const Json& defaults) {
    for (const auto& member : *defaults.as<Json::Object>()) {
        if (object.find(member.key) == nullptr) {
            object.set(member.key, member.value);
        }
    }
}

}  // namespace

Result<JobSpec> parse_job_spec(std::string_view json, std::vector<Error>* breaches) {
    std::vector<Error> own;
    std::vector<Error>& every = breaches != nullptr ? *breaches : own;
    const auto value = detail::parse_json(json, kSpecLimits);
    if (!value) {
        every.push_back(value.error());
        return value.error();
    }
    return read_whole(*value, every);
}

Result<JobSpec> parse_canonical_job_spec(std::string_view json) {
    auto spec = parse_job_spec(json);
    if (spec && canonical_json(*spec) != json) {
        return Error{"not_canonical", "the spec is not in the canonical form of RFC 8785", ""};
    }
    return spec;
}

std::string canonical_json(const JobSpec& spec) {
    return to_value(spec).text();
}

JobId job_id_of_canonical(std::string_view canonical) {
    return crypto::sha256(as_bytes(canonical)).as<JobId>();
}

JobId job_id_of(const JobSpec& spec) {
    return job_id_of_canonical(canonical_json(spec));
}

Bytes32 attach_spec_digest(const JobId& job, const JobId& spec) {
    return eth::personal_digest("Lamda attach spec\n" + job.hex() + "\n" + spec.hex());
}

Cid spec_cid(const JobId& id) {
    return Cid(CidCodec::kRaw, id.as<Bytes32>());
}

Result<JobSpec> complete_job_spec(std::string_view partial_json, const SpecDefaults& defaults,
                                  std::vector<Error>* breaches) {
    std::vector<Error> own;
    std::vector<Error>& every = breaches != nullptr ? *breaches : own;
    auto given = detail::parse_json(partial_json, kSpecLimits);
    if (!given) {
        every.push_back(given.error());
        return given.error();
    }
    const Json partial = *given;
    Json& value = *given;
    std::optional<Error> failure;
    Fields fields(partial, "", failure, &every);
    if (failure) {
        return *failure;
    }
    fields.all({"renter", "provider", "dockerImage"});
    for (const auto* key : {"jobManager", "renter", "provider"}) {
        lower_address(value, key, fields);
    }
    normalize_cid(value, "inputFileCID");
    JobSpec filled;
    filled.chain_id = defaults.chain_id;
    filled.job_manager = defaults.job_manager;
    filled.min_payment = defaults.payment;
    filled.salt = defaults.salt;
    fill(value, to_value(filled));
    if (const Json* requirements = value.find("requirements"); requirements->as<Json::Object>() != nullptr) {
        Json whole = *requirements;
        drop_false(whole, "readOnlyRoot");
        fill(whole, detail::requirements_json({}));
        value.set("requirements", std::move(whole));
    }
    auto spec = read_whole(value, every);
    if (spec && spec->chain_id != defaults.chain_id) {
        fields.refuse("wrong_chain", "jobs are on chain " + std::to_string(defaults.chain_id.value) + " here",
                      "chainId");
    }
    if (spec && spec->job_manager != defaults.job_manager) {
        fields.refuse("wrong_contract", "jobs are of the contract " + defaults.job_manager.hex() + " here",
                      "jobManager");
    }
    if (spec && !spec->secrets.empty() && canonical_json(*spec) != partial.text()) {
        fields.refuse(
            "not_complete",
            "a spec with secrets needs all its members in the stored form, as its secrets were sealed for",
            "secrets");
    }
    if (failure) {
        return *failure;
    }
    return spec;
}

std::optional<std::string> contradiction(const JobSpec& spec, const OnChainJob& job) {
    const auto differs = [](std::string_view what, const std::string& in_spec, const std::string& on_chain) {
        return std::string(what) + " is " + in_spec + " in the spec and " + on_chain + " on chain";
    };
    if (spec.chain_id != job.chain_id) {
        return differs("the chain", std::to_string(spec.chain_id.value), std::to_string(job.chain_id.value));
    }
    if (spec.job_manager != job.job_manager) {
        return differs("the contract", spec.job_manager.hex(), job.job_manager.hex());
    }
    if (spec.renter != job.renter) {
        return differs("the renter", spec.renter.hex(), job.renter.hex());
    }
    if (spec.provider != job.provider) {
        return differs("the provider", spec.provider.hex(), job.provider.hex());
    }
    if (job.payment < spec.min_payment) {
        return "the payment is " + to_decimal(job.payment) + " wei, and the spec wants at least " +
               to_decimal(spec.min_payment);
    }
    return std::nullopt;
}

Result<std::string> canonicalize_json(std::string_view json) {
    const auto value = detail::parse_json(json, {.bytes = 16U << 20, .depth = 256, .inexact_allowed = false});
    if (!value) {
        // The two codes are public: text that is not JSON (RFC 7493), and JSON without an exact canonical
        // form.
        Error error = value.error();
        error.code = error.code == "invalid_json" || error.code == "duplicate_key" ? "invalid_json"
                                                                                   : "not_representable";
        return error;
    }
    return value->text();
}

}  // namespace lamda::wire
