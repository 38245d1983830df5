#include "store/database_clock.hpp"

namespace lamda::store {

namespace {
constexpr Millis kEvery{10'000};
/// Round trips longer than this are too inaccurate and are ignored.
constexpr Millis kLongestAnswer{2'000};
}  // namespace

void DatabaseClock::synchronize() {
    const auto [asked, at, answered] = database_.transact([this](Txn& txn) {
        const auto before = steady();
        const auto time = txn.one("SELECT clock_timestamp() AS now").get<Timestamp>("now");
        return std::tuple(before, time, steady());
    });
    const std::lock_guard lock(mutex_);
    if (!measured_ || answered - asked < kLongestAnswer) {
        measured_.emplace(at, asked + (answered - asked) / 2);
    }
}

void DatabaseClock::run(const std::stop_token& stop) {
    while (sleep(stop, kEvery)) {
        try {
            synchronize();
        } catch (const Unavailable&) {  // the check `postgres` reports it
        }
    }
}

Timestamp DatabaseClock::now() const {
    const std::lock_guard lock(mutex_);
    if (!measured_) {
        return SystemClock().now();
    }
    return measured_->first + std::chrono::duration_cast<Millis>(steady() - measured_->second);
}

Steady DatabaseClock::steady() const {
    return SystemClock().steady();
}

bool DatabaseClock::sleep(const std::stop_token& stop, Millis time) const {
    return SystemClock().sleep(stop, time);
}

}  // namespace lamda::store
