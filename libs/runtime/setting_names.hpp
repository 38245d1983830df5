// Names of all settings: env.example, embedded at build time.
#pragma once

#include <string>
#include <vector>

namespace lamda::runtime {

/// Each name of env.example. A secret's NAME_FILE is not listed.
const std::vector<std::string>& setting_names();

/// Names whose values every process removes from its environment, whether it reads them or not.
const std::vector<std::string>& secret_names();

struct Misspelling {
    std::string name;   ///< as set
    std::string meant;  ///< the setting that it is close to
};

/// The subset of `names` that are not settings, have one of our prefixes, and differ from a setting by at
/// most two letters inserted, omitted, replaced or swapped. Variables of other programs are not in it.
std::vector<Misspelling> misspellings(const std::vector<std::string>& names);

}  // namespace lamda::runtime
