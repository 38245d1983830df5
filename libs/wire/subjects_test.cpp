#include "wire/subjects.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::wire;

TEST_CASE("subjects, durables and message ids have their specified form, with lowercase addresses") {
    const auto provider = Address::parse("0x90F79bf6EB2c4f870365E785982E1f101E93b906").value();
    const auto job =
        JobId::parse("0xFA5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220").value();
    const std::string p = "0x90f79bf6eb2c4f870365e785982e1f101e93b906";
    const std::string j = "0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220";
    CHECK(dispatch_subject(provider) == "jobs.dispatch." + p);
    CHECK(retract_subject(provider) == "jobs.retract." + p);
    CHECK(status_subject(provider) == "jobs.status." + p);
    CHECK(heartbeat_subject(provider) == "nodes.heartbeat." + p);
    CHECK(logs_subject(provider, job) == "jobs.logs." + p + "." + j);
    CHECK(job_event_subject(job) == "events.job." + j);
    CHECK(node_event_subject(provider) == "events.node." + p);
    CHECK(durable_of(provider) == p);
    CHECK(dispatch_message_id(job, 2) == "dispatch:" + j + ":2");
    CHECK(retract_message_id(job, 3) == "retract:" + j + ":3");
    CHECK(event_message_id(7, kGlobalEvents) == "event:7:events.global");
}

TEST_CASE("the provider is parsed from a subject that ends with an address") {
    const auto provider = Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906").value();
    for (const auto& subject : {dispatch_subject(provider), retract_subject(provider),
                                status_subject(provider), heartbeat_subject(provider)}) {
        CHECK(provider_of(subject).value() == provider);
    }
    for (const auto* subject :
         {"", "jobs.status.", "jobs.status.0x12", "jobs.status.0x90F79bf6EB2c4f870365E785982E1f101E93b906",
          "jobs.status.0x90f79bf6eb2c4f870365e785982e1f101e93b906.x",
          "events.node.0x90f79bf6eb2c4f870365e785982e1f101e93b906",
          "jobs.logs.0x90f79bf6eb2c4f870365e785982e1f101e93b906"}) {
        INFO(subject);
        CHECK(provider_of(subject).error().code == "invalid_subject");
    }
}

TEST_CASE("provider and job are parsed from a subject of logs") {
    const auto provider = Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906").value();
    const auto job =
        JobId::parse("0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220").value();
    const auto subject = logs_subject(provider, job);
    CHECK(log_source_of(subject).value().provider == provider);
    CHECK(log_source_of(subject).value().job == job);
    for (const auto& wrong :
         {std::string(), std::string("jobs.logs."), "jobs.logs." + provider.hex(), subject + ".x",
          subject.substr(0, subject.size() - 1),
          "jobs.logs.0x90F79bf6eb2c4f870365e785982e1f101e93b906." + job.hex(), status_subject(provider)}) {
        INFO(wrong);
        CHECK(log_source_of(wrong).error().code == "invalid_subject");
    }
}
