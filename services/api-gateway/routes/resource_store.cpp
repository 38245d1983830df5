#include "services/api-gateway/routes/resource_store.hpp"

#include "core/json_writer.hpp"
#include "views/resources.hpp"

namespace lamda::gateway {

std::optional<std::string> find_job(store::Txn& txn, const JobId& id) {
    const auto row =
        txn.first("SELECT " + views::select_list(views::kJobs) + " FROM api.job WHERE id = $1::bytea", {id});
    return row ? std::optional(views::job_json(*row)) : std::nullopt;
}

bool is_on_chain(store::Txn& txn, const JobId& id) {
    return txn.first("SELECT 1 AS one FROM api.job WHERE id = $1::bytea AND chain_state <> 'absent'", {id})
        .has_value();
}

std::optional<std::string> find_receipt(store::Txn& txn, const JobId& id) {
    const auto row = txn.first("SELECT document FROM api.receipt WHERE job_id = $1::bytea", {id});
    return row ? std::optional(row->get<std::string>("document")) : std::nullopt;
}

std::optional<std::string> find_node(store::Txn& txn, const Address& wallet) {
    const auto row = txn.first("SELECT " + views::select_list(views::kNodes) +
                                   " FROM api.node WHERE is_registered AND wallet_address = $1::bytea",
                               {wallet});
    if (!row) {
        return std::nullopt;
    }
    const auto notice = find_notice(txn, wallet).value_or(wire::ProviderNotice{});
    const auto json = [](const auto& value) { return value ? wire::to_json(*value) : std::string("null"); };
    JsonWriter more;
    more.begin_object().key("policy").raw(json(notice.policy)).key("offered").raw(json(notice.offered));
    more.key("free").raw(json(notice.free)).key("draining").boolean(notice.draining);
    auto node = views::node_json(*row);
    node.back() = ',';  // the members of both objects
    return node + more.end_object().take().substr(1);
}

std::optional<wire::ProviderNotice> find_notice(store::Txn& txn, const Address& wallet) {
    const auto row = txn.first(
        "SELECT notice::text AS notice FROM api.node_notice WHERE wallet_address = $1::bytea", {wallet});
    const auto notice = row ? wire::parse_notice(row->get<std::string>("notice")) : wire::ProviderNotice{};
    return row && notice ? std::optional(*notice)
                         : std::nullopt;  // a later release may store what this one cannot read
}

std::optional<ProviderFacts> find_provider(store::Txn& txn, const Address& wallet) {
    const auto row = txn.first(
        "SELECT is_online, running, capacity FROM api.node WHERE is_registered AND wallet_address = "
        "$1::bytea",
        {wallet});
    if (!row) {
        return std::nullopt;
    }
    return ProviderFacts{row->get<bool>("is_online"), row->get<std::uint32_t>("running"),
                         row->get<std::uint32_t>("capacity"), find_notice(txn, wallet)};
}

std::optional<Bytes> find_public_key(store::Txn& txn, const Address& wallet) {
    const auto row =
        txn.first("SELECT public_key FROM api.node_key WHERE wallet_address = $1::bytea", {wallet});
    return row ? std::optional(row->get<Bytes>("public_key")) : std::nullopt;
}

bool is_registered(store::Txn& txn, const Address& wallet) {
    return txn
        .first("SELECT 1 AS one FROM api.node WHERE wallet_address = $1::bytea AND is_registered", {wallet})
        .has_value();
}

std::optional<Reputation> find_reputation(store::Txn& txn, const Address& wallet) {
    const auto row = txn.first(
        "SELECT reputation_score, total_jobs_completed, pending FROM api.reputation WHERE wallet_address "
        "= $1::bytea",
        {wallet});
    if (!row) {
        return std::nullopt;
    }
    return Reputation{row->get<U256>("reputation_score"), row->get<U256>("total_jobs_completed"),
                      row->get<std::int64_t>("pending")};
}

}  // namespace lamda::gateway
