// One PostgreSQL session on libpqxx, with its prepared statements.
#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/database.hpp"
#include "store/detail/session.hpp"

namespace lamda::store {

/// A session in UTC, with its prepared statements. Not thread-safe. Never reconnects: a broken one is
/// discarded.
class Connection {
  public:
    static constexpr Millis kPeerTimeout{20'000};
    /// @param peer_timeout time after which a vanished server is noticed
    /// @throws Unavailable (without the DSN in its text), StatementError behind a transaction-pooling proxy
    Connection(const std::string& dsn, const std::string& application_name,
               Millis peer_timeout = kPeerTimeout);

    /// Sets the limits for all later statements.
    void limit(const SessionLimits& limits);
    bool usable() const { return !spoiled_ && pqxx_.is_open(); }
    PqxxConnection& pqxx() { return pqxx_; }

    pqxx::result exec(pqxx::transaction_base& txn, std::string_view sql, const std::vector<Param>& params);
    /// Runs inside the open transaction.
    void copy(std::string_view table, const std::vector<std::string>& columns,
              const std::function<void(RowWriter&)>& fill);
    void copy(const CopyShape& shape, const std::function<void(RowWriter&)>& fill);
    void copy(const EncodedRows& rows);
    /// Reads the shape once; again after a failed COPY.
    CopyShape copy_shape(std::string_view table, const std::vector<std::string>& columns);
    /// Runs `work` and converts libpqxx's exceptions to those of database.hpp. Others pass.
    template <class F>
    auto mapped(F&& work) -> decltype(work()) {
        try {
            return work();
        } catch (const pqxx::failure&) {
            rethrow();
        } catch (const pqxx::usage_error&) {
            rethrow();
        } catch (const pqxx::argument_error&) {
            rethrow();
        } catch (const pqxx::range_error&) {
            rethrow();
        }
    }
    /// Waits for a notification on any channel of LISTEN. @throws pqxx exceptions
    bool await_notification(Millis timeout);
    void listen(const std::string& channel);

  private:
    [[noreturn]] void rethrow();
    void refuse_transaction_pooling(const std::string& dsn);

    PqxxSession pqxx_;
    std::unordered_map<std::string, std::string> prepared_;  ///< SQL → name
    std::unordered_map<std::string, CopyShape> shapes_;      ///< by table and columns
    std::vector<std::unique_ptr<pqxx::notification_receiver>> receivers_;
    std::size_t statements_ = 0;
    bool spoiled_ = false;
};

}  // namespace lamda::store
