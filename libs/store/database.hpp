// Database: PostgreSQL connection pool, transactions and rows. libpqxx is not visible in this header.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"
#include "store/row_writer.hpp"
#include "store/text_value.hpp"

namespace lamda::store {

/// The server cannot be reached or the connection was lost: wait and retry; nothing was committed.
class Unavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The server answers but cannot do this now: disk or memory full, read-only, or statement_timeout exceeded.
/// Wait; nothing was committed.
class Exhausted : public Unavailable {
  public:
    using Unavailable::Unavailable;
};
/// The connection was lost in COMMIT: the outcome is unknown. Read again before repeating anything.
class InDoubt : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// Serialization failure or deadlock: run the whole transaction again.
class Conflict : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// A constraint refused the row.
class ConstraintViolation : public std::runtime_error {
  public:
    ConstraintViolation(const std::string& what, std::string constraint)
        : std::runtime_error(what), constraint_(std::move(constraint)) {}
    const std::string& constraint() const { return constraint_; }

  private:
    std::string constraint_;
};
/// The statement is wrong: a bug, or another version of the schema.
class StatementError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// One bound parameter, in PostgreSQL's text format. bytea for byte strings, numeric for U256.
class Param {
  public:
    Param(std::nullopt_t) {}  // NOLINT
    template <class T>
        requires requires(std::string& out, const T& value) { append_value(out, value); }
    Param(const T& value) {  // NOLINT
        append_value(text_.emplace(), value);
    }
    template <class T>
    Param(const std::optional<T>& value) {  // NOLINT
        if (value) {
            text_ = Param(*value).text_;
        }
    }
    const std::optional<std::string>& text() const { return text_; }

  private:
    std::optional<std::string> text_;
};

/// One row of a result. Columns by position or name; get<T> throws StatementError on NULL or a wrong type.
class Row {
  public:
    bool is_null(std::string_view column) const;
    /// T: bool, int, int64_t, uint64_t, uint32_t, std::string, Bytes, U256, Timestamp, BlockNum, or a
    /// FixedBytes.
    template <class T>
    T get(std::string_view column) const {
        T out{};
        read(column, out);
        return out;
    }
    template <class T>
    std::optional<T> maybe(std::string_view column) const {
        return is_null(column) ? std::nullopt : std::optional<T>(get<T>(column));
    }

    struct Shared;  ///< the result that holds the row

  private:
    friend class Rows;
    Row(std::shared_ptr<const Shared> shared, std::size_t index)
        : shared_(std::move(shared)), index_(index) {}
    std::string_view text(std::string_view column) const;
    void read(std::string_view column, bool& out) const;
    void read(std::string_view column, int& out) const;
    void read(std::string_view column, std::int64_t& out) const;
    void read(std::string_view column, std::uint64_t& out) const;
    void read(std::string_view column, std::uint32_t& out) const;
    void read(std::string_view column, std::string& out) const;
    void read(std::string_view column, Bytes& out) const;
    void read(std::string_view column, U256& out) const;
    void read(std::string_view column, Timestamp& out) const;
    void read(std::string_view column, BlockNum& out) const;
    template <std::size_t N, class Tag>
    void read(std::string_view column, FixedBytes<N, Tag>& out) const {
        read_exactly(column, out.array().data(), N);
    }
    void read_exactly(std::string_view column, std::uint8_t* out, std::size_t size) const;
    std::shared_ptr<const Shared> shared_;
    std::size_t index_;
};

class Rows {
  public:
    std::size_t size() const;
    bool empty() const { return size() == 0; }
    Row operator[](std::size_t index) const;
    /// Rows affected by INSERT, UPDATE or DELETE.
    std::size_t affected() const;
    class Iterator;
    Iterator begin() const;
    Iterator end() const;

  private:
    friend class Txn;
    friend class Database;
    explicit Rows(std::shared_ptr<const Row::Shared> shared) : shared_(std::move(shared)) {}
    std::shared_ptr<const Row::Shared> shared_;
};

class Rows::Iterator {
  public:
    Iterator(const Rows* rows, std::size_t index) : rows_(rows), index_(index) {}
    Row operator*() const { return (*rows_)[index_]; }
    Iterator& operator++() {
        ++index_;
        return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

  private:
    const Rows* rows_;
    std::size_t index_;
};
inline Rows::Iterator Rows::begin() const {
    return {this, 0};
}
inline Rows::Iterator Rows::end() const {
    return {this, size()};
}

class Connection;

/// One open transaction; rolled back unless its function returns. Not thread-safe.
class Txn {
  public:
    /// Parameters are `$1`, `$2`, … Statements are prepared once per connection.
    Rows exec(std::string_view sql, const std::vector<Param>& params = {});
    /// Several statements without parameters (migrations).
    void exec_script(const std::string& sql);
    /// Exactly one row, else StatementError.
    Row one(std::string_view sql, const std::vector<Param>& params = {});
    std::optional<Row> first(std::string_view sql, const std::vector<Param>& params = {});
    /// COPY table (columns) FROM STDIN. `fill` writes the rows, which are sent meanwhile. Until it returns,
    /// the transaction must not be used otherwise.
    void copy(std::string_view table, const std::vector<std::string>& columns,
              const std::function<void(RowWriter&)>& fill);
    /// Returns the shape with which EncodedRows for these columns are made.
    CopyShape copy_shape(std::string_view table, const std::vector<std::string>& columns);
    /// Writes rows that were encoded before.
    void copy(const EncodedRows& rows);
    /// For many rows of which some may exist: copies `fill`'s rows into a temporary table `incoming` with
    /// these columns of `table`, runs `sql` once, and drops the table. Costs some milliseconds: for few rows
    /// one statement each is faster. @returns the result of `sql`
    Rows merge(std::string_view table, const std::vector<std::string>& columns, std::string_view sql,
               const std::function<void(RowWriter&)>& fill);
    /// NOTIFY channel, payload; delivered at commit.
    void notify(std::string_view channel, std::string_view payload = "");

    Txn(const Txn&) = delete;
    Txn& operator=(const Txn&) = delete;

  private:
    friend class Database;
    struct Impl;
    explicit Txn(Impl& impl) : impl_(impl) {}
    Impl& impl_;
};

/// Settings of every session of a pool.
struct SessionLimits {
    Millis statement_timeout{0};  ///< a longer statement throws Exhausted; 0: no limit
    /// For readers of single pages: parallel workers and JIT cost more than they save there.
    bool without_parallel_and_jit = false;
};

/// A pool. Thread-safe. The constructor does not connect: the first use does.
class Database {
  public:
    /// @param dsn libpq URI or keyword string; never logged  @param application_name shown in
    /// pg_stat_activity
    Database(std::string dsn, std::string application_name, std::size_t connections = 4,
             SessionLimits limits = {});
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Runs `work` in one transaction and commits. Conflict is retried here (up to 10 times, with jitter);
    /// `work` must therefore have no effect outside the database.
    /// @throws Unavailable, InDoubt, ConstraintViolation, StatementError, and any exception of `work`.
    template <class F>
    auto transact(F&& work) -> decltype(work(std::declval<Txn&>())) {
        using R = decltype(work(std::declval<Txn&>()));
        if constexpr (std::is_void_v<R>) {
            run([&](Txn& txn) { work(txn); });
        } else {
            std::optional<R> out;
            run([&](Txn& txn) { out.emplace(work(txn)); });
            return std::move(*out);
        }
    }
    /// Runs one statement that only reads, in one round trip instead of three. @throws as transact()
    Rows read(std::string_view sql, const std::vector<Param>& params = {});
    /// Checks the connection. After a write failed with Exhausted, also tries to write, until that succeeds.
    /// @throws Unavailable
    void ping();
    /// DSN for dedicated connections (LISTEN, advisory locks). Secret.
    const std::string& dsn() const { return dsn_; }

  private:
    void run(const std::function<void(Txn&)>& work);
    struct Impl;
    /// Calls `use` with a session; again after a conflict, and with a new session if an idle one has died.
    void with_session(const std::function<void(Connection&)>& use);
    std::string dsn_;
    std::unique_ptr<Impl> impl_;
};

/// LISTEN on a dedicated connection. A notification is a hint: poll too.
class Listener {
  public:
    Listener(const Database& database, std::vector<std::string> channels);
    ~Listener();
    /// True if a notification came before `timeout`. Reconnects by itself; a lost connection counts as a
    /// hint.
    bool wait(Millis timeout);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::store
