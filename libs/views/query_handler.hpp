// jobs.query and nodes.query: the lists of REST for those inside.
#pragma once

#include <string>

#include "http/memory_budget.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "views/list_query.hpp"
#include "views/page.hpp"

namespace lamda::views {

/// Of all answers of a desk that are made at once.
constexpr std::size_t kDeskBytes = 32U << 20;
/// Of one answer: less than NATS carries by default.
constexpr std::size_t kMostReplyBytes = 1'000'000;

/// Answers requests for one list. Thread-safe.
class QueryHandler {
  public:
    /// @param key what the answer calls the list: `jobs`, `nodes`
    QueryHandler(store::Database& database, const Resource& resource, std::string key, telemetry::Log log);
    /// In: the list's query parameters as a JSON object; empty: all. Out: `{"<key>":[…],"count":n}` in the
    /// list's order, or a problem document. Never throws. Rows of more than kMostReplyBytes are refused
    /// (`answer_too_large`), for a reply has no second page; so is any request while kDeskBytes are in use.
    std::string answer(const std::string& body);

  private:
    /// The pages of one reply, joined, without brackets.
    Page whole(ListRequest request);

    store::Database& database_;
    const Resource& resource_;
    http::MemoryBudget memory_{kDeskBytes};
    std::string key_;
    telemetry::Log log_;
};

}  // namespace lamda::views
