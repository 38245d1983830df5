#include "store/database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "store/detail/connection.hpp"
#include "store/detail/rows.hpp"

namespace lamda::store {

namespace {
constexpr int kMostAttempts = 10;
constexpr std::chrono::seconds kLeaseTimeout{30};

/// Full jitter, so that two conflicting transactions do not retry at the same time.
void back_off(int attempt) {
    thread_local std::mt19937 random{std::random_device{}()};
    std::uniform_int_distribution<int> any(0, std::min(200, 2 << attempt));
    std::this_thread::sleep_for(Millis(any(random)));
}
}  // namespace

struct Txn::Impl {
    Connection& connection;
    pqxx::work& work;
};

Rows Txn::exec(std::string_view sql, const std::vector<Param>& params) {
    return Rows(std::make_shared<const Row::Shared>(impl_.connection.exec(impl_.work, sql, params)));
}

void Txn::exec_script(const std::string& sql) {
    impl_.connection.mapped([&] { impl_.work.exec(sql); });
}

Row Txn::one(std::string_view sql, const std::vector<Param>& params) {
    const auto rows = exec(sql, params);
    if (rows.size() != 1) {
        throw StatementError("PostgreSQL: expected one row, got " + std::to_string(rows.size()) +
                             ", from: " + std::string(sql));
    }
    return rows[0];
}

std::optional<Row> Txn::first(std::string_view sql, const std::vector<Param>& params) {
    const auto rows = exec(sql, params);
    return rows.empty() ? std::nullopt : std::optional<Row>(rows[0]);
}

void Txn::copy(std::string_view table, const std::vector<std::string>& columns,
               const std::function<void(RowWriter&)>& fill) {
    impl_.connection.copy(table, columns, fill);
}

CopyShape Txn::copy_shape(std::string_view table, const std::vector<std::string>& columns) {
    return impl_.connection.copy_shape(table, columns);
}

void Txn::copy(const EncodedRows& rows) {
    impl_.connection.copy(rows);
}

Rows Txn::merge(std::string_view table, const std::vector<std::string>& columns, std::string_view sql,
                const std::function<void(RowWriter&)>& fill) {
    exec_script(fmt::format("CREATE TEMPORARY TABLE incoming AS SELECT {} FROM {} WITH NO DATA",
                            fmt::join(columns, ", "), table));
    auto shape = copy_shape(table, columns);
    shape.table = "incoming";
    impl_.connection.copy(shape, fill);
    auto rows = exec(sql);
    exec_script("DROP TABLE pg_temp.incoming");
    return rows;
}

void Txn::notify(std::string_view channel, std::string_view payload) {
    exec("SELECT pg_notify($1, $2)", {channel, payload});
}

struct Database::Impl {
    std::string application_name;
    std::size_t most;
    SessionLimits limits;
    std::atomic<bool> exhausted{false};  ///< a statement has failed with Exhausted
    std::mutex mutex;
    std::condition_variable returned;
    std::vector<std::unique_ptr<Connection>> idle;
    std::size_t lent = 0;

    /// Holds one of the pool's slots; returns the connection to the pool if it is still usable.
    class Lease {
      public:
        explicit Lease(Impl& pool, bool fresh) : pool_(pool) {
            std::unique_lock lock(pool.mutex);
            if (!pool.returned.wait_for(lock, kLeaseTimeout, [&] { return pool.lent < pool.most; })) {
                throw Unavailable("PostgreSQL: every connection of the pool is in use");
            }
            ++pool.lent;
            if (fresh) {
                pool.idle.clear();
            } else if (!pool.idle.empty()) {
                connection_ = std::move(pool.idle.back());
                pool.idle.pop_back();
            }
        }
        ~Lease() {
            {
                std::lock_guard lock(pool_.mutex);
                --pool_.lent;
                if (connection_ && connection_->usable()) {
                    pool_.idle.push_back(std::move(connection_));
                }
            }
            pool_.returned.notify_one();
        }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

        bool reused() const { return connection_ != nullptr; }
        Connection& connection(const std::string& dsn) {
            if (!connection_) {
                connection_ = std::make_unique<Connection>(dsn, pool_.application_name);
                connection_->limit(pool_.limits);
            }
            return *connection_;
        }

      private:
        Impl& pool_;
        std::unique_ptr<Connection> connection_;
    };
};

Database::Database(std::string dsn, std::string application_name, std::size_t connections,
                   SessionLimits limits)
    : dsn_(std::move(dsn)), impl_(std::make_unique<Impl>()) {
    impl_->limits = limits;
    impl_->application_name = std::move(application_name);
    impl_->most = std::max<std::size_t>(connections, 1);
}

Database::~Database() = default;

namespace {

void once(Connection& connection, const std::function<void(pqxx::work&)>& work) {
    bool committing = false;
    try {
        connection.mapped([&] {
            pqxx::work txn(connection.pqxx());
            work(txn);
            committing = true;
            txn.commit();
        });
    } catch (const Unavailable&) {
        if (committing) {
            throw InDoubt("PostgreSQL: the connection was lost in COMMIT; the outcome is unknown");
        }
        throw;
    }
}

}  // namespace

void Database::run(const std::function<void(Txn&)>& work) {
    with_session([&](Connection& connection) {
        once(connection, [&](pqxx::work& pqxx_txn) {
            Txn::Impl impl{connection, pqxx_txn};
            Txn txn(impl);
            work(txn);
        });
    });
}

Rows Database::read(std::string_view sql, const std::vector<Param>& params) {
    std::shared_ptr<const Row::Shared> out;
    with_session([&](Connection& connection) {
        connection.mapped([&] {
            pqxx::nontransaction txn(connection.pqxx());
            out = std::make_shared<const Row::Shared>(connection.exec(txn, sql, params));
        });
    });
    return Rows(std::move(out));
}

void Database::with_session(const std::function<void(Connection&)>& use) {
    bool fresh = false;
    for (int attempt = 1;; ++attempt) {
        bool reused = false;
        try {
            Impl::Lease lease(*impl_, fresh);
            reused = lease.reused();
            use(lease.connection(dsn_));
            return;
        } catch (const Conflict&) {
            if (attempt >= kMostAttempts) {
                throw;
            }
            back_off(attempt);
        } catch (const Exhausted&) {
            impl_->exhausted = true;
            throw;
        } catch (const Unavailable&) {
            // The pooled connection may have died while idle, which does not show that the server is down.
            if (!reused || fresh) {
                throw;
            }
            fresh = true;
        }
    }
}

void Database::ping() {
    if (!impl_->exhausted.exchange(false)) {
        return run([](Txn& txn) { txn.exec("SELECT 1"); });
    }
    try {
        run([](Txn& txn) {
            txn.exec_script(
                "CREATE TEMPORARY TABLE lamda_probe ON COMMIT DROP AS SELECT repeat('x', 1000) AS filler "
                "FROM generate_series(1, 100)");
        });
    } catch (const StatementError&) {
        ping();  // this role may not create tables: only reading is checked
    } catch (...) {
        impl_->exhausted = true;
        throw;
    }
}

}  // namespace lamda::store
