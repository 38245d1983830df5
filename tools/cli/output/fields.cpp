#include "tools/cli/output/fields.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/u256.hpp"
#include "terminal/units.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

std::optional<U256> number_in(const json& value) {
    const auto number = u256_from_decimal(cell(value));
    return number ? std::optional(number.value()) : std::nullopt;
}

using Form = std::string (*)(const U256&);
const std::map<std::string, Form>& forms() {
    static const std::map<std::string, Form> kForms = {
        {"payment_amount", terminal::bnb_and_wei},
        {"value", terminal::bnb_and_wei},
        {"paid", terminal::bnb_and_wei},
        {"max_fee", terminal::gwei},
        {"max_priority_fee", terminal::gwei},
        {"gas_limit", terminal::gas},
        {"vram", terminal::mib},
    };
    return kForms;
}

}  // namespace

std::string cell(const json& value) {
    if (value.is_null()) {
        return "-";
    }
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    return text.empty() ? "-" : text;
}

std::string cell(const json& object, const char* name) {
    return cell(object.value(name, json()));
}

std::string yes_no(const json& object, const char* name) {
    const auto value = object.value(name, json());
    return !value.is_boolean() ? "-" : value.get<bool>() ? "yes" : "no";
}

std::string bnb_cell(const json& object, const char* name) {
    const auto value = object.value(name, json());
    const auto wei = number_in(value);
    return wei ? terminal::bnb(*wei) : cell(value);
}

std::string with_unit(const std::string& name, const json& value) {
    const auto form = forms().find(name);
    const auto number = form == forms().end() ? std::nullopt : number_in(value);
    return number ? form->second(*number) : cell(value);
}

std::vector<std::pair<std::string, std::string>> lines_of(const json& object) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [name, value] : object.items()) {
        if (!value.is_object()) {
            out.emplace_back(name, with_unit(name, value));
            continue;
        }
        for (const auto& [inner, inner_value] : value.items()) {
            out.emplace_back(std::string(name).append(".").append(inner), with_unit(inner, inner_value));
        }
    }
    return out;
}

}  // namespace lamda::cli
