#include "simulator/simulated_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <stdexcept>

#include "simulator/endpoint.hpp"

namespace lamda::simulator {

namespace {

using Ended = net::Exchanges::Ended;
using Kind = net::TransportError::Kind;

/// A body, cut to fit one trace line.
std::string excerpt(const std::string& body) {
    constexpr std::size_t kMost = 160;
    std::string out = body.substr(0, kMost);
    std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return body.size() > kMost ? out + fmt::format("… ({} bytes)", body.size()) : out;
}

}  // namespace

struct SimulatedNetwork::Impl {
    /// An exchange in flight.
    struct Flight {
        net::HttpRequest request;
        Endpoint* endpoint = nullptr;  ///< null: no endpoint at this URL
        CallPlan call_plan;
        Steady started;
        const void* owner = nullptr;
        std::function<void(Ended, Endpoint*)> deliver;
        net::Exchanges::Id id = 0;
    };
    using When = std::pair<Steady, std::uint64_t>;  ///< with a number, so that equal times keep their order

    const FakeClock& clock;
    ScriptedChain& chain;
    Timestamp start_time;
    Steady start_steady;
    std::vector<std::unique_ptr<Endpoint>> endpoints;
    std::map<When, Flight> flights;
    std::uint64_t next_number = 0;
    net::Exchanges::Id next_id = 1;
    SimulatedNetwork* network = nullptr;

    Impl(const FakeClock& time, ScriptedChain& scripted)
        : clock(time), chain(scripted), start_time(time.now()), start_steady(time.steady()) {}

    Millis since_start(Steady at) const { return std::chrono::duration_cast<Millis>(at - start_steady); }

    Endpoint* find(const std::string& url) const {
        const auto found = std::find_if(endpoints.begin(), endpoints.end(),
                                        [&](const auto& endpoint) { return endpoint->plan.url == url; });
        return found != endpoints.end() ? found->get() : nullptr;
    }
    Endpoint& must_find(const std::string& url) const {
        auto* found = find(url);
        if (found == nullptr) {
            throw std::out_of_range("no endpoint " + url);
        }
        return *found;
    }

    When take_off(net::HttpRequest request, const void* owner, net::Exchanges::Id id,
                  std::function<void(Ended, Endpoint*)> deliver) {
        if (request.on_data || !request.body_file.empty() || request.stop.stop_possible()) {
            throw std::logic_error("the simulated network supports neither streams nor stop tokens");
        }
        settle(clock.steady());
        Flight flight;
        flight.endpoint = find(request.url);
        flight.started = clock.steady();
        if (flight.endpoint != nullptr) {
            flight.call_plan = flight.endpoint->begin(request, since_start(flight.started));
        }
        flight.request = std::move(request);
        flight.owner = owner;
        flight.id = id;
        flight.deliver = std::move(deliver);
        const When when{flight.started + flight.call_plan.after, next_number++};
        flights.emplace(when, std::move(flight));
        return when;
    }

    /// Processes all events that are due until then.
    void settle(Steady until) {
        while (!flights.empty() && flights.begin()->first.first <= until) {
            const auto at = flights.begin()->first.first;
            auto flight = std::move(flights.begin()->second);
            flights.erase(flights.begin());
            network->meanwhile(start_time + since_start(at));
            land(std::move(flight), at);
        }
        network->meanwhile(start_time + since_start(until));
    }

    void land(Flight flight, Steady at) {
        Ended ended;
        ended.id = flight.id;
        try {
            if (flight.endpoint == nullptr) {
                throw net::TransportError(Kind::kConnect,
                                          net::redact_url(flight.request.url) + ": no such host");
            }
            ended.response = flight.endpoint->end(flight.request, flight.call_plan, since_start(at));
            if (!ended.response) {
                flight.call_plan.after = flight.request.timeout;
                const When later{flight.started + flight.call_plan.after, next_number++};
                flights.emplace(later, std::move(flight));
                return;
            }
        } catch (const net::TransportError&) {
            ended.error = std::current_exception();
        }
        if (network->trace) {
            network->trace(line(flight, ended, at));
        }
        flight.deliver(std::move(ended), flight.endpoint);
    }

    /// Records that the caller reads the answer.
    static void hand_over(const Ended& ended, Endpoint* endpoint) {
        if (endpoint != nullptr && ended.response && ended.response->header("Retry-After")) {
            endpoint->set_delay_read(true);
        }
    }

    std::string line(const Flight& flight, const Ended& ended, Steady at) const {
        std::string outcome;
        if (ended.response) {
            outcome = fmt::format("{} {}", ended.response->status, excerpt(ended.response->body));
        } else {
            try {
                std::rethrow_exception(ended.error);
            } catch (const net::TransportError& error) {
                outcome = error.what();
            }
        }
        return fmt::format("{:>8} ms  {} {} -> after {} ms: {}", since_start(at).count(), flight.request.url,
                           excerpt(flight.request.body),
                           since_start(at).count() - since_start(flight.started).count(), outcome);
    }

    void move_clock_to(Steady until) {
        const auto now = clock.steady();
        if (until > now) {
            clock.advance(std::chrono::ceil<Millis>(until - now));
        }
    }

    void forget(const void* owner, std::optional<net::Exchanges::Id> id) {
        std::erase_if(flights, [&](const auto& entry) {
            return entry.second.owner == owner && (!id || entry.second.id == *id);
        });
    }
};

namespace {

class SimulatedExchanges final : public net::Exchanges {
  public:
    explicit SimulatedExchanges(SimulatedNetwork::Impl& network) : network_(network) {}
    ~SimulatedExchanges() override { network_.forget(this, std::nullopt); }
    SimulatedExchanges(const SimulatedExchanges&) = delete;
    SimulatedExchanges& operator=(const SimulatedExchanges&) = delete;

    Id start(net::HttpRequest request) override {
        const auto id = network_.next_id++;
        network_.take_off(std::move(request), this, id,
                          [this](Ended ended, Endpoint* by) { ended_.emplace_back(std::move(ended), by); });
        return id;
    }

    std::optional<Ended> next(Steady deadline) override {
        network_.settle(network_.clock.steady());
        while (ended_.empty()) {
            const auto own = std::find_if(network_.flights.begin(), network_.flights.end(),
                                          [&](const auto& entry) { return entry.second.owner == this; });
            if (own == network_.flights.end()) {
                return std::nullopt;
            }
            const auto until = std::min(own->first.first, deadline);
            network_.move_clock_to(until);
            network_.settle(network_.clock.steady());
            if (ended_.empty() && until == deadline) {
                return std::nullopt;
            }
        }
        auto [out, by] = std::move(ended_.front());
        ended_.pop_front();
        SimulatedNetwork::Impl::hand_over(out, by);
        return std::move(out);
    }

    void cancel(Id id) override {
        network_.forget(this, id);
        std::erase_if(ended_, [&](const auto& ended) { return ended.first.id == id; });
    }

  private:
    SimulatedNetwork::Impl& network_;
    std::deque<std::pair<Ended, Endpoint*>> ended_;  ///< not yet read
};

}  // namespace

SimulatedNetwork::SimulatedNetwork(const FakeClock& clock, ScriptedChain& chain, std::uint64_t seed,
                                   std::vector<EndpointPlan> endpoints)
    : impl_(std::make_unique<Impl>(clock, chain)) {
    std::mt19937_64 random(seed);
    for (auto& plan : endpoints) {
        impl_->endpoints.push_back(std::make_unique<Endpoint>(std::move(plan), chain, random()));
    }
    impl_->network = this;
}

SimulatedNetwork::~SimulatedNetwork() = default;

net::HttpResponse SimulatedNetwork::send(const net::HttpRequest& request) {
    std::optional<Ended> out;
    Endpoint* by = nullptr;
    auto when = impl_->take_off(request, &out, 0, [&](Ended ended, Endpoint* endpoint) {
        out = std::move(ended);
        by = endpoint;
    });
    while (!out) {
        impl_->move_clock_to(when.first);
        impl_->settle(impl_->clock.steady());
        for (const auto& [later, flight] : impl_->flights) {
            when = flight.owner == &out ? later : when;
        }
    }
    Impl::hand_over(*out, by);
    if (out->error) {
        std::rethrow_exception(out->error);
    }
    return std::move(*out->response);
}

std::unique_ptr<net::Exchanges> SimulatedNetwork::exchanges() {
    return std::make_unique<SimulatedExchanges>(*impl_);
}

EndpointPlan& SimulatedNetwork::plan(const std::string& url) {
    return impl_->must_find(url).plan;
}

std::vector<std::string> SimulatedNetwork::urls() const {
    std::vector<std::string> out;
    for (const auto& endpoint : impl_->endpoints) {
        out.push_back(endpoint->plan.url);
    }
    return out;
}

FaultCounts SimulatedNetwork::counts() const {
    FaultCounts out;
    for (const auto& endpoint : impl_->endpoints) {
        std::transform(out.of.begin(), out.of.end(), endpoint->counts.of.begin(), out.of.begin(),
                       std::plus<>());
    }
    return out;
}

std::uint64_t SimulatedNetwork::calls() const {
    std::uint64_t out = 0;
    for (const auto& endpoint : impl_->endpoints) {
        out += endpoint->calls;
    }
    return out;
}

std::uint64_t SimulatedNetwork::calls(const std::string& url) const {
    return impl_->must_find(url).calls;
}

void SimulatedNetwork::another_caller() {
    for (const auto& endpoint : impl_->endpoints) {
        endpoint->set_delay_read(false);
    }
}

std::uint64_t SimulatedNetwork::impatient_calls() const {
    std::uint64_t out = 0;
    for (const auto& endpoint : impl_->endpoints) {
        out += endpoint->early_calls;
    }
    return out;
}

}  // namespace lamda::simulator
