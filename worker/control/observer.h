// fbs/observer.fbs ↔ the requests, reply and events of observers.
#pragma once

#include "observer_generated.h"
#include "sluice/event.h"
#include "sluice/reply.h"
#include "worker/control/reader.h"

namespace sluice::control {

CreateActiveSpeakerObserver read_command(Reader& reader, const wire::CreateActiveSpeakerObserver& table);
CreateAudioLevelObserver read_command(Reader& reader, const wire::CreateAudioLevelObserver& table);
ObserverAddProducer read_command(Reader& reader, const wire::ObserverAddProducer& table);
ObserverRemoveProducer read_command(Reader& reader, const wire::ObserverRemoveProducer& table);

wire::ObserverReplyT to_wire(const ObserverReply& reply);
wire::DominantSpeakerT to_wire(const DominantSpeaker& event);
wire::AudioLevelsT to_wire(const AudioLevels& event);

}  // namespace sluice::control
