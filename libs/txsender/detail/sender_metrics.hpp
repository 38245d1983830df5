// SenderMetrics: metrics of a sender.
#pragma once

#include <string>

#include "core/u256.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::txsender {

class SenderMetrics {
  public:
    SenderMetrics(telemetry::Metrics& metrics, const std::string& sender)
        : unmined(metrics.gauge("lamda_sender_unmined", "Sent and not mined", {{"sender", sender}})),
          parked(metrics.gauge("lamda_sender_parked", "Waiting for a cause to end", {{"sender", sender}})),
          done(metrics.counter("lamda_sender_done_total", "Final on chain", {{"sender", sender}})),
          failed(metrics.counter("lamda_sender_failed_total", "Reverted or cancelled", {{"sender", sender}})),
          asking(metrics.counter("lamda_sender_asking_total", "Reverted, and an operator must decide",
                                 {{"sender", sender}})),
          violations(metrics.gauge("lamda_sender_violations",
                                   "Intents that differ from what the signing policy allows",
                                   {{"sender", sender}})),
          broadcasts(
              metrics.counter("lamda_sender_broadcasts_total", "Transactions sent", {{"sender", sender}})),
          sender_(sender),
          balance_(metrics.gauge("lamda_sender_wallet_wei", "The wallet's balance", {{"sender", sender}})),
          covers_(metrics.gauge("lamda_sender_wallet_covers",
                                "Transactions that the wallet pays for at the present fee",
                                {{"sender", sender}})),
          spent_(metrics.gauge("lamda_sender_spent_today_wei",
                               "Gas of today (UTC), where a daily budget is set", {{"sender", sender}})) {}

    telemetry::Gauge unmined;
    telemetry::Gauge parked;
    telemetry::Counter done;
    telemetry::Counter failed;
    telemetry::Counter asking;
    telemetry::Gauge violations;
    telemetry::Counter broadcasts;

    /// Warns once when the balance falls below the cost of `low_at` transactions. @param each wei for one; 0:
    /// not known
    void wallet(const U256& balance, const U256& spent, const U256& each, std::uint64_t low_at,
                telemetry::Log& log) {
        balance_.set(balance.convert_to<double>());
        spent_.set(spent.convert_to<double>());
        if (each == 0) {
            return;
        }
        const U256 covers = balance / each;
        covers_.set(covers.convert_to<double>());
        const bool low = covers < low_at;
        if (low && !low_) {
            log.warn(
                "wallet balance low",
                {{"sender", sender_}, {"wei", to_decimal(balance)}, {"transactions", to_decimal(covers)}});
        }
        low_ = low;
    }

  private:
    std::string sender_;
    telemetry::Gauge balance_;
    telemetry::Gauge covers_;
    telemetry::Gauge spent_;
    bool low_ = false;
};

}  // namespace lamda::txsender
