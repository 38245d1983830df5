// Result data that Row refers to.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace lamda::store {

struct Row::Shared {
    pqxx::result result;
    std::vector<std::string> names;

    explicit Shared(const pqxx::result& answer) : result(answer) {
        for (int i = 0; i < static_cast<int>(result.columns()); ++i) {
            names.emplace_back(result.column_name(i));
        }
    }
    /// @throws StatementError if the column does not exist
    int column(std::string_view name) const;
};

}  // namespace lamda::store
