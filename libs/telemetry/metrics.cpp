#include "telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <sstream>

namespace lamda::telemetry {

struct Metrics::Impl {
    prometheus::Registry registry;
};

void Counter::add(double by) {
    static_cast<prometheus::Counter*>(handle_)->Increment(by);
}
double Counter::value() const {
    return static_cast<prometheus::Counter*>(handle_)->Value();
}
void Gauge::set(double value) {
    static_cast<prometheus::Gauge*>(handle_)->Set(value);
}
double Gauge::value() const {
    return static_cast<prometheus::Gauge*>(handle_)->Value();
}
void Histogram::observe(double value) {
    static_cast<prometheus::Histogram*>(handle_)->Observe(value);
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

// The registry merges: a second registration of a family or label set returns the existing one.
Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return Counter(&prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry).Add(labels));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return Gauge(&prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add(labels));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help,
                             const std::vector<double>& buckets, const Labels& labels) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
    return Histogram(&family.Add(labels, buckets));
}

std::string Metrics::serialize() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
    return out.str();
}

}  // namespace lamda::telemetry
