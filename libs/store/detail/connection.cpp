#include "store/detail/connection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/deadline.hpp"
#include "store/detail/copy_stream.hpp"
#include "store/dsn.hpp"

#ifdef __SANITIZE_ADDRESS__
// libpqxx 6.4 leaks the PGresult of a statement that fails because the connection was cut (2 KiB each time).
// LeakSanitizer calls this function in every executable.
extern "C" const char* __lsan_default_suppressions();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
    return "leak:libpqxx-6\n";
}
#endif

namespace lamda::store {

namespace {

// Statements built at run time must not fill the server's memory.
constexpr std::size_t kMostPrepared = 256;

/// Adds settings that the DSN lacks: a server that vanished is noticed within `peer_timeout`, also during a
/// wait. @throws Unavailable for a DSN that libpq rejects; settings are checked earlier
std::string with_defaults(const std::string& dsn, const std::string& application_name, Millis peer_timeout) {
    auto parts = parse_dsn(dsn);
    if (!parts) {
        throw Unavailable("PostgreSQL: no connection: the DSN: " + parts.error().message);
    }
    const auto seconds = peer_timeout.count() / 1'000;
    const auto idle = std::max<std::int64_t>(1, seconds / 2);
    parts->emplace("connect_timeout", std::to_string(std::clamp<std::int64_t>(seconds / 4, 2, 5)));
    parts->emplace("keepalives", "1");
    parts->emplace("keepalives_idle", std::to_string(idle));
    parts->emplace("keepalives_interval", std::to_string(std::max<std::int64_t>(1, (seconds - idle) / 3)));
    parts->emplace("keepalives_count", "3");
    parts->emplace("tcp_user_timeout", std::to_string(peer_timeout.count()));
    if (!application_name.empty()) {
        parts->emplace("application_name", application_name);
    }
    return dsn_text(*parts);
}

/// Extracts the name from: … violates unique constraint "name" …
std::string constraint_in(const std::string& text) {
    constexpr std::string_view kBefore = "constraint \"";
    const auto begin = text.find(kBefore);
    if (begin == std::string::npos) {
        return "";
    }
    const auto name = begin + kBefore.size();
    return text.substr(name, text.find('"', name) - name);
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

std::vector<const char*> texts_of(const std::vector<Param>& params) {
    std::vector<const char*> out;
    out.reserve(params.size());
    for (const auto& param : params) {
        const auto& text = param.text();
        if (text && text->find('\0') != std::string::npos) {
            throw StatementError("PostgreSQL: a text parameter contains a NUL byte");
        }
        out.push_back(text ? text->c_str() : nullptr);
    }
    return out;
}

#if PQXX_VERSION_MAJOR >= 7
pqxx::params bind(const std::vector<const char*>& texts) {
    pqxx::params out;
    for (const char* text : texts) {
        out.append(text);
    }
    return out;
}
pqxx::result run_prepared(pqxx::transaction_base& txn, const std::string& name,
                          const std::vector<const char*>& texts) {
    return txn.exec_prepared(name, bind(texts));
}
pqxx::result run_once(pqxx::transaction_base& txn, const std::string& sql,
                      const std::vector<const char*>& texts) {
    return txn.exec_params(sql, bind(texts));
}
#else
pqxx::result run_prepared(pqxx::transaction_base& txn, const std::string& name,
                          const std::vector<const char*>& texts) {
    return txn.exec_prepared(name, pqxx::prepare::make_dynamic_params(texts.begin(), texts.end()));
}
pqxx::result run_once(pqxx::transaction_base& txn, const std::string& sql,
                      const std::vector<const char*>& texts) {
    return txn.exec_params(sql, pqxx::prepare::make_dynamic_params(texts.begin(), texts.end()));
}
#endif

/// Only wakes the waiter: the work to do is in the tables.
class Hint final : public pqxx::notification_receiver {
  public:
    using pqxx::notification_receiver::notification_receiver;
    void operator()(const std::string&, int) override {}
};

}  // namespace

Connection::Connection(const std::string& dsn, const std::string& application_name, Millis peer_timeout)
    : pqxx_(with_defaults(dsn, application_name, peer_timeout)) {
    mapped([&] {
        pqxx::nontransaction txn(pqxx_);
        txn.exec(
            "SET TIME ZONE 'UTC'; SET datestyle TO 'ISO, YMD'; SET bytea_output TO 'hex';"
            "SET standard_conforming_strings TO on; SET client_encoding TO 'UTF8'");
    });
    mapped([&] { refuse_transaction_pooling(dsn); });
}

void Connection::limit(const SessionLimits& limits) {
    std::string settings;
    if (limits.statement_timeout.count() > 0) {
        settings += fmt::format("SET statement_timeout = {};", limits.statement_timeout.count());
    }
    if (limits.without_parallel_and_jit) {
        settings += "SET max_parallel_workers_per_gather = 0; SET jit = off;";
    }
    if (!settings.empty()) {
        mapped([&] {
            pqxx::nontransaction txn(pqxx_);
            txn.exec(settings);
        });
    }
}

void Connection::refuse_transaction_pooling(const std::string& dsn) {
    const auto server_pid = [](PqxxConnection& connection) {
        pqxx::nontransaction txn(connection);
        return txn.exec("SELECT pg_backend_pid()")[0][0].as<int>();
    };
    const int server = server_pid(pqxx_);
    if (server == pqxx_.backendpid()) {
        return;  // no proxy
    }
    // Behind a proxy. While this session is open, a session proxy gives the next session another server
    // process; a transaction pool returns the same one.
    PqxxSession second(with_defaults(dsn, "lamda-pooling-check", kPeerTimeout));
    if (server_pid(second) == server) {
        throw StatementError(
            "PostgreSQL: the DSN leads to a transaction-pooling proxy, which does not keep sessions: connect "
            "directly or by session pooling");
    }
}

pqxx::result Connection::exec(pqxx::transaction_base& txn, std::string_view sql,
                              const std::vector<Param>& params) {
    const auto texts = texts_of(params);
    const std::string statement(sql);
    return mapped([&] {
        auto known = prepared_.find(statement);
        if (known == prepared_.end()) {
            if (prepared_.size() >= kMostPrepared) {
                return run_once(txn, statement, texts);
            }
            const std::string name = fmt::format("lamda_{}", ++statements_);
            pqxx_.prepare(name, statement);
#if PQXX_VERSION_MAJOR < 7
            pqxx_.prepare_now(name);
#endif
            known = prepared_.emplace(statement, name).first;
        }
        return run_prepared(txn, known->second, texts);
    });
}

void Connection::copy(std::string_view table, const std::vector<std::string>& columns,
                      const std::function<void(RowWriter&)>& fill) {
    copy(copy_shape(table, columns), fill);
}

void Connection::copy(const CopyShape& shape, const std::function<void(RowWriter&)>& fill) {
    try {
        mapped([&] {
            CopyStream stream(pqxx_.libpq(), shape);
            fill(stream);
            stream.complete();
        });
    } catch (...) {
        shapes_.clear();  // a migration may have changed the table
        throw;
    }
}

void Connection::copy(const EncodedRows& rows) {
    try {
        mapped([&] { copy_encoded(pqxx_.libpq(), rows); });
    } catch (...) {
        shapes_.clear();
        throw;
    }
}

CopyShape Connection::copy_shape(std::string_view table, const std::vector<std::string>& columns) {
    auto names = fmt::format("{}", fmt::join(columns, ", "));
    const auto key = fmt::format("{} ({})", table, names);
    auto known = shapes_.find(key);
    if (known == shapes_.end()) {
        auto shape = mapped([&] { return store::copy_shape(pqxx_.libpq(), table, names); });
        known = shapes_.emplace(key, std::move(shape)).first;
    }
    return known->second;
}

void Connection::rethrow() {
    try {
        throw;
    } catch (const pqxx::in_doubt_error&) {
        spoiled_ = true;
        throw InDoubt("PostgreSQL: the connection was lost in COMMIT; the outcome is unknown");
    } catch (const pqxx::statement_completion_unknown&) {
        spoiled_ = true;
        throw InDoubt("PostgreSQL: the outcome of the statement is unknown");
    } catch (const pqxx::transaction_rollback& error) {
        throw Conflict("PostgreSQL: " + first_line(error.what()));
    } catch (const pqxx::broken_connection&) {
        spoiled_ = true;
        throw Unavailable("PostgreSQL: the connection was lost");
    } catch (const pqxx::sql_error& error) {
        const std::string& state = error.sqlstate();
        const std::string text = first_line(error.what());
        if (state.starts_with("23")) {
            throw ConstraintViolation("PostgreSQL: " + text, constraint_in(text));
        }
        if (state.starts_with("08") || state.starts_with("57P") || state == "53300" || !pqxx_.is_open()) {
            spoiled_ = true;
            throw Unavailable("PostgreSQL: " + text);
        }
        // Disk or memory full, timeout, or a read-only server (a standby, or one that was made read-only
        // because its disk is nearly full).
        if (state.starts_with("53") || state == "57014" || state == "25006") {
            throw Exhausted("PostgreSQL: " + text);
        }
        if (state == "40001" || state == "40P01") {
            throw Conflict("PostgreSQL: " + text);
        }
        if (text.find("cached plan must not change result type") != std::string::npos) {
            spoiled_ = true;  // a migration changed the table: a new session makes a new plan
            throw Conflict("PostgreSQL: " + text);
        }
        throw StatementError("PostgreSQL: " + text + " [" + state + "] in: " + first_line(error.query()));
    } catch (const std::exception& error) {
        if (!pqxx_.is_open()) {
            spoiled_ = true;
            throw Unavailable("PostgreSQL: the connection was lost");
        }
        throw StatementError(std::string("PostgreSQL: ") + error.what());
    }
}

bool Connection::await_notification(Millis timeout) {
    // The call can return early without a notification: the server's last message precedes the disconnect.
    const SystemClock clock;
    const Deadline deadline(clock, timeout);
    do {
        const auto left = deadline.left();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(left - seconds);
        if (pqxx_.await_notification(seconds.count(), rest.count()) > 0) {
            return true;
        }
        if (!pqxx_.is_open()) {
            throw pqxx::broken_connection("lost while waiting");
        }
    } while (!deadline.passed());
    return false;
}

void Connection::listen(const std::string& channel) {
    receivers_.push_back(std::make_unique<Hint>(pqxx_, channel));
}

}  // namespace lamda::store
