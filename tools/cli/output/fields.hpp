// JSON fields as text for people: amounts with their units.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace lamda::cli {

/// Returns the text of a value: a string without quotes, `-` for null and for an empty string.
std::string cell(const nlohmann::json& value);
/// Returns cell() of a member; `-` if it is absent.
std::string cell(const nlohmann::json& object, const char* name);
/// Returns `yes`, `no`, or `-` if the member is no boolean.
std::string yes_no(const nlohmann::json& object, const char* name);
/// Returns wei in decimal as `0.01 BNB`; other text as by cell().
std::string bnb_cell(const nlohmann::json& object, const char* name);

/// Returns the text of a member whose name says its unit (`payment_amount` is wei, `vram` MiB, and so on),
/// with the unit. Other members, and values that are not a number of the unit, are as by cell().
std::string with_unit(const std::string& name, const nlohmann::json& value);

/// Returns name and value of each member. Members of an object in it are named `outer.inner`.
std::vector<std::pair<std::string, std::string>> lines_of(const nlohmann::json& object);

}  // namespace lamda::cli
