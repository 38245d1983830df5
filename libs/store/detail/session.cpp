#include "store/detail/session.hpp"

#include <libpq-fe.h>

#include "store/database.hpp"

namespace lamda::store {

namespace {

/// Reduces libpq's error text to known phrases: its own texts can quote parts of the DSN.
std::string reason_without_dsn(const std::string& text) {
    if (const auto fatal = text.find("FATAL:"); fatal != std::string::npos) {
        auto end = text.find('\n', fatal);
        return text.substr(fatal + 8, end == std::string::npos ? end : end - fatal - 8);
    }
    for (const auto* known : {"Connection refused", "timeout expired", "could not translate host name",
                              "No route to host", "Network is unreachable", "No such file or directory",
                              "server closed the connection unexpectedly", "SSL"}) {
        if (text.find(known) != std::string::npos) {
            return known;
        }
    }
    return "check the DSN";
}

[[noreturn]] void no_connection(const pqxx::failure& error) {
    throw Unavailable("PostgreSQL: no connection: " + reason_without_dsn(error.what()));
}

}  // namespace

#if PQXX_VERSION_MAJOR >= 7
namespace {

PGconn* connected(const std::string& settings) {
    PGconn* out = PQconnectdb(settings.c_str());
    if (PQstatus(out) != CONNECTION_OK) {
        const pqxx::broken_connection error(PQerrorMessage(out));
        PQfinish(out);
        no_connection(error);
    }
    return out;
}

}  // namespace

PqxxSession::PqxxSession(const std::string& settings) : PqxxSession(connected(settings)) {}

PqxxSession::PqxxSession(PGconn* connected)
    : pqxx::connection(pqxx::connection::seize_raw_connection(connected)), libpq_(connected) {}
#else
PqxxPolicy::handle PqxxPolicy::do_completeconnect(handle begun) {
    libpq_ = pqxx::connect_lazy::do_completeconnect(begun);
    return libpq_;
}

PqxxSession::PqxxSession(const std::string& settings) : pqxx::connection_base(policy_), policy_(settings) {
    init();
    try {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
        activate();
        // A silent reconnect would lose the session's settings, statements and locks.
        inhibit_reactivation(true);
#pragma GCC diagnostic pop
    } catch (const pqxx::failure& error) {
        close();  // no destructor runs
        no_connection(error);
    }
}

PqxxSession::~PqxxSession() noexcept {
    close();
}
#endif

}  // namespace lamda::store
