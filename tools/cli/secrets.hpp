// Secrets of a new job: read from files, sealed to the provider's public key.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/cli/context.hpp"
#include "wire/job_spec.hpp"

namespace lamda::cli {

/// Returns the spec with all defaults and the sealed secrets. The provider's public key comes from the
/// gateway, and is checked against the provider's address. No text repeats a secret.
/// @param files name to file; `-`: standard input @throws CommandRefused
nlohmann::json with_secrets(Context& context, const nlohmann::json& spec,
                            const std::map<std::string, std::string>& files,
                            const wire::SpecDefaults& defaults);

}  // namespace lamda::cli
