#include "services/job-dispatcher/jobs/journal_entry.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace lamda::dispatch {

namespace {

constexpr std::array kChainFacts{ChainFact::kCreated, ChainFact::kConfirmed, ChainFact::kClaimed};

std::string_view name_of(ChainFact fact) {
    switch (fact) {
        case ChainFact::kCreated:
            return "created";
        case ChainFact::kConfirmed:
            return "confirmed";
        case ChainFact::kClaimed:
            return "claimed";
    }
    return "";
}

template <class T>
void put(nlohmann::json& object, const char* name, const std::optional<T>& value) {
    if (value) {
        object[name] = *value;
    }
}

template <class T>
std::optional<T> take(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? std::nullopt : std::optional<T>(found->get<T>());
}

std::optional<Address> take_address(const nlohmann::json& object, const char* name) {
    const auto text = take<std::string>(object, name);
    return text ? std::optional<Address>(Address::parse(*text).value()) : std::nullopt;
}

}  // namespace

std::string_view to_string(const Fact& fact) {
    if (const auto* chain = std::get_if<ChainFact>(&fact)) {
        return name_of(*chain);
    }
    return wire::to_string(std::get<wire::WorkFact>(fact));
}

Result<Fact> parse_fact(std::string_view text) {
    for (const auto fact : kChainFacts) {
        if (name_of(fact) == text) {
            return Fact(fact);
        }
    }
    if (const auto fact = wire::parse_work_fact(text)) {
        return Fact(*fact);
    }
    return Error{"invalid_fact", "unknown kind of fact: " + std::string(text), ""};
}

std::string to_json(const FactBody& body) {
    nlohmann::json out = nlohmann::json::object();
    if (body.renter) {
        out["renter"] = body.renter->hex();
    }
    if (body.provider) {
        out["provider"] = body.provider->hex();
    }
    if (body.amount) {
        out["amount"] = to_decimal(*body.amount);
    }
    put(out, "next_attempt", body.next_attempt);
    if (body.uncounted) {
        out["uncounted"] = true;
    }
    put(out, "docker_image", body.docker_image);
    put(out, "input_file_cid", body.input_file_cid);
    put(out, "output_file_cid", body.output_file_cid);
    put(out, "time_limit_seconds", body.time_limit_seconds);
    put(out, "error_message", body.error_message);
    put(out, "receipt_fault", body.receipt_fault);
    put(out, "error_code", body.error_code);
    put(out, "exit_code", body.exit_code);
    return out.dump();
}

Result<FactBody> parse_fact_body(std::string_view json) {
    try {
        const auto object = nlohmann::json::parse(json);
        FactBody body;
        body.renter = take_address(object, "renter");
        body.provider = take_address(object, "provider");
        if (const auto amount = take<std::string>(object, "amount")) {
            body.amount = u256_from_decimal(*amount).value();
        }
        body.next_attempt = take<std::uint32_t>(object, "next_attempt");
        body.uncounted = take<bool>(object, "uncounted").value_or(false);
        body.docker_image = take<std::string>(object, "docker_image");
        body.input_file_cid = take<std::string>(object, "input_file_cid");
        body.output_file_cid = take<std::string>(object, "output_file_cid");
        body.time_limit_seconds = take<std::uint32_t>(object, "time_limit_seconds");
        body.error_message = take<std::string>(object, "error_message");
        body.receipt_fault = take<std::string>(object, "receipt_fault");
        body.error_code = take<std::string>(object, "error_code");
        body.exit_code = take<std::int32_t>(object, "exit_code");
        return body;
    } catch (const std::exception& e) {
        return Error{"invalid_body", e.what(), ""};
    }
}

}  // namespace lamda::dispatch
