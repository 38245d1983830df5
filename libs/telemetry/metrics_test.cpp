#include "telemetry/metrics.hpp"

#include <catch2/catch.hpp>

#include "telemetry/health.hpp"

using namespace lamda::telemetry;

TEST_CASE("the same name and labels give the same metric") {
    Metrics metrics;
    metrics.counter("lamda_demo_total", "Things.", {{"kind", "a"}}).add();
    metrics.counter("lamda_demo_total", "Things.", {{"kind", "a"}}).add(2);
    metrics.counter("lamda_demo_total", "Things.", {{"kind", "b"}}).add();
    CHECK(metrics.counter("lamda_demo_total", "Things.", {{"kind", "a"}}).value() == 3);
    CHECK(metrics.counter("lamda_demo_total", "Things.", {{"kind", "b"}}).value() == 1);
}

TEST_CASE("serialized in the text format, with help and type once for each name") {
    Metrics metrics;
    metrics.gauge("lamda_demo_block", "Height.").set(42);
    metrics.counter("lamda_demo_total", "Things.", {{"kind", "a\"b"}}).add();
    metrics.histogram("lamda_demo_seconds", "Time.", {0.1, 1}).observe(0.5);
    metrics.histogram("lamda_demo_seconds", "Time.", {0.1, 1}).observe(5);
    const std::string text = metrics.serialize();
    INFO(text);
    CHECK(
        text.find("# HELP lamda_demo_block Height.\n# TYPE lamda_demo_block gauge\nlamda_demo_block 42\n") !=
        std::string::npos);
    CHECK(text.find("lamda_demo_total{kind=\"a\\\"b\"} 1\n") != std::string::npos);
    CHECK(text.find("lamda_demo_seconds_bucket{le=\"0.1\"} 0\n") != std::string::npos);
    CHECK(text.find("lamda_demo_seconds_bucket{le=\"1\"} 1\n") != std::string::npos);
    CHECK(text.find("lamda_demo_seconds_bucket{le=\"+Inf\"} 2\n") != std::string::npos);
    CHECK(text.find("lamda_demo_seconds_count 2\n") != std::string::npos);
}

TEST_CASE("ready if every expected check is ok") {
    Health health;
    CHECK(health.ready());
    health.expect("postgres");
    health.expect("nats", "connecting");
    CHECK_FALSE(health.ready());
    CHECK(health.set("postgres", true));
    CHECK_FALSE(health.set("postgres", true, "another detail is not a change"));
    CHECK_FALSE(health.ready());
    CHECK(health.set("nats", true));
    CHECK(health.ready());
    CHECK(health.set("nats", false, "connection refused"));
    CHECK_FALSE(health.ready());
    CHECK(health.checks().at("nats") == Check{false, "connection refused"});
    health.expect("nats", "a second expect() keeps the state");
    CHECK(health.checks().at("nats").detail == "connection refused");
}
