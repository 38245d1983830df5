// jobs.query and nodes.query: the lists of REST for those inside.
#pragma once

#include <string>

#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "views/list_query.hpp"

namespace lamda::views {

/// Answers requests for one list. Thread-safe.
class QueryDesk {
  public:
    /// @param key what the answer calls the list: `jobs`, `nodes`
    QueryDesk(store::Database& database, const Resource& resource, std::string key, telemetry::Log log);
    /// In: the list's query parameters as a JSON object; empty: all. Out: `{"<key>":[…],"count":n}` in the
    /// list's order, or a problem document. Never throws.
    std::string answer(const std::string& body);

  private:
    store::Database& database_;
    const Resource& resource_;
    std::string key_;
    telemetry::Log log_;
};

}  // namespace lamda::views
