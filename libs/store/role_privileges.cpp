#include "store/role_privileges.hpp"

namespace lamda::store {

namespace {

// A stream's name is <owner>:<chain>.
constexpr std::string_view kRegistryStreams = "split_part(stream, ':', 1) = 'registry'";
constexpr std::string_view kDispatcherStreams = "split_part(stream, ':', 1) = 'dispatcher'";
constexpr std::string_view kReputationStreams = "split_part(stream, ':', 1) = 'reputation'";

// A message id is unique over all owners: a service that takes another's id first prevents that message from
// being published.
constexpr std::string_view kNodeMessages = R"(message_id ~ '^event:[0-9]+:events\.(node\..*|global:node)$')";
constexpr std::string_view kJobMessages = R"(message_id !~ '^event:[0-9]+:events\.(node\..*|global:node)$')";

constexpr std::string_view kNodeEvents = "subject LIKE 'events.node.%'";
constexpr std::string_view kJobEvents = "subject LIKE 'events.job.%'";

constexpr Privilege kPrivileges[] = {
    // Registry: nodes, their journal and presence.
    {kRegistryRole, "public.lamda_migration", "SELECT"},
    {kRegistryRole, "registry.setting", "SELECT, INSERT, UPDATE"},
    {kRegistryRole, "registry.node_event", "SELECT, INSERT, UPDATE (orphaned)"},
    {kRegistryRole, "registry.node_event_id_seq", "USAGE"},
    {kRegistryRole, "registry.node", "SELECT, INSERT, UPDATE, DELETE"},
    {kRegistryRole, "registry.presence", "SELECT, INSERT, UPDATE"},
    {kRegistryRole, "registry.node_key", "SELECT, INSERT"},
    {kRegistryRole, "registry.announced", "SELECT, INSERT, UPDATE, DELETE"},
    {kRegistryRole, "registry.presence_state", "SELECT, INSERT, UPDATE"},
    {kRegistryRole, "registry.presence_change", "SELECT, INSERT, DELETE"},
    {kRegistryRole, "registry.bus_access", "SELECT, INSERT, UPDATE (pushed_generation, pushed_form)"},
    {kRegistryRole, "api.node", "SELECT"},
    {kRegistryRole, "api.stream_identity", "SELECT"},
    {kRegistryRole, "chain.cursor", "SELECT, INSERT, UPDATE", kRegistryStreams},
    {kRegistryRole, "chain.header", "SELECT, INSERT, DELETE", kRegistryStreams},
    {kRegistryRole, "chain.reorg", "SELECT, INSERT, UPDATE", kRegistryStreams},
    {kRegistryRole, "chain.head", "SELECT, INSERT, UPDATE", kRegistryStreams},
    {kRegistryRole, "chain.endpoint", "SELECT, INSERT, UPDATE, DELETE", kRegistryStreams},
    {kRegistryRole, "chain.sweep", "SELECT, INSERT, UPDATE", kRegistryStreams},
    {kRegistryRole, "chain.lease", "SELECT, INSERT, UPDATE", "owner = 'registry'"},
    {kRegistryRole, "bus.outbox", "SELECT, INSERT, DELETE", "owner = 'registry'", kNodeMessages},
    {kRegistryRole, "bus.feed_event", "SELECT, INSERT, DELETE", "owner = 'registry'", kNodeEvents},
    {kRegistryRole, "bus.feed_position", "SELECT, UPDATE (last_seq)"},

    // Dispatcher: jobs, their journal, specs and assignments.
    {kDispatcherRole, "public.lamda_migration", "SELECT"},
    {kDispatcherRole, "dispatch.setting", "SELECT, INSERT, DELETE"},
    {kDispatcherRole, "dispatch.progress", "SELECT, INSERT, UPDATE"},
    {kDispatcherRole, "dispatch.spec", "SELECT, DELETE"},
    {kDispatcherRole, "dispatch.attached_spec", "SELECT, INSERT, UPDATE"},
    {kDispatcherRole, "dispatch.job_event", "SELECT, INSERT, UPDATE (orphaned)"},
    {kDispatcherRole, "dispatch.job_event_id_seq", "USAGE"},
    {kDispatcherRole, "dispatch.job", "SELECT, INSERT, UPDATE"},
    {kDispatcherRole, "dispatch.assignment", "SELECT, INSERT, UPDATE"},
    {kDispatcherRole, "dispatch.receipt", "SELECT, INSERT"},
    {kDispatcherRole, "dispatch.early_status", "SELECT, INSERT, DELETE"},
    {kDispatcherRole, "dispatch.command", "SELECT, INSERT, DELETE"},
    {kDispatcherRole, "dispatch.job_log", "SELECT, INSERT, UPDATE (cut_bytes), DELETE"},
    {kDispatcherRole, "dispatch.job_change", "SELECT, INSERT, DELETE"},
    {kDispatcherRole, "dispatch.market_summary", "SELECT, INSERT, UPDATE"},
    {kDispatcherRole, "dispatch.address_summary", "SELECT, INSERT, UPDATE"},
    {kDispatcherRole, "dispatch.provider_activity", "SELECT, INSERT, UPDATE"},
    {kDispatcherRole, "dispatch.begin_load()", "EXECUTE"},
    {kDispatcherRole, "dispatch.left_out(interval)", "EXECUTE"},
    {kDispatcherRole, "dispatch.end_load()", "EXECUTE"},
    {kDispatcherRole, "api.node", "SELECT"},
    {kDispatcherRole, "api.node_notice", "SELECT"},
    {kDispatcherRole, "api.job", "SELECT"},
    {kDispatcherRole, "api.attached_spec", "SELECT"},
    {kDispatcherRole, "api.stream_identity", "SELECT"},
    {kDispatcherRole, "api.put_spec(bytea)", "EXECUTE"},
    {kDispatcherRole, "chain.cursor", "SELECT, INSERT, UPDATE", kDispatcherStreams},
    {kDispatcherRole, "chain.header", "SELECT, INSERT, DELETE", kDispatcherStreams},
    {kDispatcherRole, "chain.reorg", "SELECT, INSERT, UPDATE", kDispatcherStreams},
    {kDispatcherRole, "chain.head", "SELECT, INSERT, UPDATE", kDispatcherStreams},
    {kDispatcherRole, "chain.endpoint", "SELECT, INSERT, UPDATE, DELETE", kDispatcherStreams},
    {kDispatcherRole, "chain.sweep", "SELECT, INSERT, UPDATE", kDispatcherStreams},
    {kDispatcherRole, "chain.lease", "SELECT, INSERT, UPDATE", "owner = 'dispatcher'"},
    {kDispatcherRole, "bus.outbox", "SELECT, INSERT, DELETE", "owner = 'dispatcher'", kJobMessages},
    {kDispatcherRole, "bus.feed_event", "SELECT, INSERT, DELETE", "owner = 'dispatcher'", kJobEvents},
    {kDispatcherRole, "bus.feed_position", "SELECT, UPDATE (last_seq)"},
    {kDispatcherRole, "bus.stream_position", "SELECT, INSERT, UPDATE", "owner = 'dispatcher'"},
    {kDispatcherRole, "bus.dead_letter", "SELECT, INSERT", "owner = 'dispatcher'"},

    // Reputation: confirmations, increments and the wallet's ledger. An intent's request is written once.
    {kReputationRole, "public.lamda_migration", "SELECT"},
    {kReputationRole, "reputation.job", "SELECT, INSERT, UPDATE (provider), DELETE"},
    {kReputationRole, "reputation.confirmation", "SELECT, INSERT, UPDATE (settled, proven_provider), DELETE"},
    {kReputationRole, "reputation.increment", "SELECT, INSERT, UPDATE (looked_up, job_id), DELETE"},
    {kReputationRole, "reputation.ledger", "SELECT, INSERT, UPDATE (agrees_since)"},  // UPDATE: row locks
    {kReputationRole, "chain.wallet", "SELECT, INSERT, UPDATE (next_nonce)"},
    {kReputationRole, "chain.intent",
     "SELECT, INSERT, UPDATE (state, nonce, gas_limit, reason, mined_tx, mined_block, mined_hash, mined_at, "
     // The operator's request:
     "wish"
     // Counts and fees:
     ", reverts, paid, paid_before, updated_at)"},
    {kReputationRole, "chain.tx", "SELECT, INSERT"},
    {kReputationRole, "api.stream_identity", "SELECT"},
    {kReputationRole, "chain.cursor", "SELECT, INSERT, UPDATE", kReputationStreams},
    {kReputationRole, "chain.header", "SELECT, INSERT, DELETE", kReputationStreams},
    {kReputationRole, "chain.reorg", "SELECT, INSERT, UPDATE", kReputationStreams},
    {kReputationRole, "chain.head", "SELECT, INSERT, UPDATE", kReputationStreams},
    {kReputationRole, "chain.endpoint", "SELECT, INSERT, UPDATE, DELETE", kReputationStreams},
    {kReputationRole, "chain.sweep", "SELECT, INSERT, UPDATE", kReputationStreams},
    {kReputationRole, "chain.lease", "SELECT, INSERT, UPDATE", "owner = 'reputation'"},

    // Gateway, which faces the internet: views, specs, its own counters.
    {kGatewayRole, "public.lamda_migration", "SELECT"},
    {kGatewayRole, "gateway.submission_key", "SELECT, INSERT, UPDATE, DELETE"},
    {kGatewayRole, "gateway.stored_answer", "SELECT, INSERT, UPDATE, DELETE"},
    {kGatewayRole, "gateway.spec_usage", "SELECT, INSERT, UPDATE, DELETE"},
    {kGatewayRole, "gateway.nonce_key", "SELECT"},
    {kGatewayRole, "gateway.used_nonce", "SELECT, INSERT, UPDATE (kept_until), DELETE"},  // UPDATE: row locks
    {kGatewayRole, "gateway.session", "SELECT, INSERT, UPDATE (last_activity), DELETE"},
    {kGatewayRole, "gateway.api_key", "SELECT, INSERT, UPDATE (last_used_at), DELETE"},
    {kGatewayRole, "gateway.profile", "SELECT, INSERT, UPDATE"},
    {kGatewayRole, "api.node", "SELECT"},
    {kGatewayRole, "api.node_notice", "SELECT"},
    {kGatewayRole, "api.node_presence", "SELECT"},
    {kGatewayRole, "api.node_history", "SELECT"},
    {kGatewayRole, "api.job", "SELECT"},
    {kGatewayRole, "api.attached_spec", "SELECT"},
    {kGatewayRole, "api.job_event", "SELECT"},
    {kGatewayRole, "api.attempt", "SELECT"},
    {kGatewayRole, "api.market_summary", "SELECT"},
    {kGatewayRole, "api.address_summary", "SELECT"},
    {kGatewayRole, "api.job_log", "SELECT"},
    {kGatewayRole, "api.feed_event", "SELECT"},
    {kGatewayRole, "api.feed_position", "SELECT"},
    {kGatewayRole, "api.reputation", "SELECT"},
    {kGatewayRole, "api.reputation_tx", "SELECT"},
    {kGatewayRole, "api.node_key", "SELECT"},
    {kGatewayRole, "api.receipt", "SELECT"},
    {kGatewayRole, "api.spec", "SELECT"},
    {kGatewayRole, "api.stream_identity", "SELECT"},
    {kGatewayRole, "api.put_spec(bytea)", "EXECUTE"},

    // Operator: the command `lamda`.
    {kOperatorRole, "public.lamda_migration", "SELECT"},
    {kOperatorRole, "api.stream", "SELECT"},
    {kOperatorRole, "api.stream_endpoint", "SELECT"},
    {kOperatorRole, "api.stream_log", "SELECT"},
    {kOperatorRole, "api.stream_sweep", "SELECT"},
    {kOperatorRole, "api.tx", "SELECT"},
    {kOperatorRole, "api.tx_form", "SELECT"},
    {kOperatorRole, "api.wallet", "SELECT"},
    {kOperatorRole, "api.dead_letter", "SELECT"},
    {kOperatorRole, "api.bus_access", "SELECT"},
    {kOperatorRole, "api.wish_tx(text, text)", "EXECUTE"},
    {kOperatorRole, "api.rebuild_reputation()", "EXECUTE"},
    {kOperatorRole, "api.redrive_dead_letter(bigint)", "EXECUTE"},
    {kOperatorRole, "api.drop_dead_letter(bigint)", "EXECUTE"},
    {kOperatorRole, "api.revoke_bus_access(bytea)", "EXECUTE"},
    {kOperatorRole, "api.allow_bus_access(bytea)", "EXECUTE"},
};

constexpr std::string_view kUnshared[] = {
    "dispatch.empty_summaries()",   // by a trigger of dispatch.job
    "dispatch.left_out_index",      // by dispatch.begin_load() and end_load()
    "dispatch.note_job_changes()",  // by triggers of dispatch.job
    "public.lamda_grants",          // by migrations
    "reputation.pending",           // by api.reputation
};

}  // namespace

std::span<const Privilege> role_privileges() {
    return kPrivileges;
}

std::span<const std::string_view> unshared_objects() {
    return kUnshared;
}

}  // namespace lamda::store
