// Handler of jobs.query and nodes.query: the lists of REST, on the bus.
#pragma once

#include <string>

#include "core/memory_budget.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "views/list_query.hpp"
#include "views/page.hpp"

namespace lamda::views {

/// Most bytes of all answers in progress of one handler.
constexpr std::size_t kDeskBytes = 32U << 20;
/// Most bytes of one answer: below NATS' default limit of a message.
constexpr std::size_t kMostReplyBytes = 1'000'000;

/// Answers requests for one list. Thread-safe.
class QueryHandler {
  public:
    /// @param key the list's name in the answer: `jobs`, `nodes`
    QueryHandler(store::Database& database, const Resource& resource, std::string key, telemetry::Log log);
    /// @param body the list's query parameters as a JSON object; empty: no filter. Returns
    /// `{"<key>":[…],"count":n}` in the list's order, or a problem document. Never throws. Refuses rows of
    /// more than kMostReplyBytes (`answer_too_large`), because a reply has no second page, and any request
    /// while kDeskBytes are in use.
    std::string answer(const std::string& body);

  private:
    /// The pages of one reply, joined, without brackets.
    Page whole(ListRequest request);

    store::Database& database_;
    const Resource& resource_;
    MemoryBudget memory_{kDeskBytes};
    std::string key_;
    telemetry::Log log_;
};

}  // namespace lamda::views
