// Channels of LISTEN and NOTIFY. A notification is a hint; migrations with pg_notify() repeat these names.
#pragma once

namespace lamda::store {

/// A job, an attempt or the stream's position changed: the dispatcher's loops read again.
inline constexpr auto kJobChannel = "lamda_dispatch";
/// A spec was stored; payload: its digest in hex.
inline constexpr auto kSpecChannel = "lamda_spec";
/// A node changed or is back online.
inline constexpr auto kNodeChannel = "lamda_node";
/// Container logs were stored.
inline constexpr auto kLogChannel = "lamda_log";
/// Events were put into the feed log.
inline constexpr auto kFeedChannel = "lamda_feed";
/// A message was put into the outbox; payload: its owner.
inline constexpr auto kOutboxChannel = "lamda_outbox";

}  // namespace lamda::store
