"""Every limit of the media server in one place; code and tests read the same constants.

Never holds behaviour.  Sizes are in bytes, times in seconds unless the name says otherwise.
"""

from __future__ import annotations

from typing import Final

# Datagrams (RFC 7983 demultiplexing).  1500 is what an Ethernet path carries.
MAX_DATAGRAM: Final = 1500
READ_BATCH: Final = 32            # datagrams read per wake-up before the loop gets its turn
SOCKET_BUFFER: Final = 8 << 20    # asked for; the kernel may grant less

# ICE over TCP (RFC 6544)
TCP_BACKLOG: Final = 256          # connections the kernel holds for us to accept
MAX_STREAMS: Final = 4096         # connections of one worker
MAX_STRANGERS: Final = 1024       # of them without an authentic ICE check yet; beyond that the oldest of these makes room
STRANGERS_OF_ADDRESS: Final = 512  # the same for one address: a whole province may stand behind one gateway
STRANGER_TIME: Final = 5.0        # for the first authentic check
STRANGER_FRAMES: Final = 16       # datagrams taken before it
STREAM_READ: Final = 16384        # bytes read per turn of the loop
STREAM_KERNEL_QUEUE: Final = 64 * 1024  # asked for; the kernel keeps a quarter of it unsent
STREAM_QUEUE: Final = 128 * 1024  # what waits for a slow connection; sound and control may use all of it ...
STREAM_PICTURE_QUEUE: Final = 80 * 1024  # ... larger datagrams so much: a key frame
STREAM_SMALL: Final = 400         # bytes of a datagram that is no picture
STREAM_SILENCE: Final = 10.0      # what is not acknowledged for so long ends the connection

# Ingress guard
MAX_ADDRESSES: Final = 16         # checked addresses a peer may have (Safari sends from two or three)
ADDRESS_TTL: Final = 30.0         # an address is forgotten this long after its last authenticated check
BAD_PACKETS: Final = 50           # bad packets from checked addresses ...
BAD_WINDOW: Final = 10.0          # ... within this time close that peer

# Peers and rooms
MAX_SSRCS: Final = 16             # of one peer; the SRTP library keeps state for each
MAX_REPORTERS: Final = 128        # SSRCs under which one peer reports: some browsers have one in each section
PEER_PACKETS: Final = 2000        # RTP packets a second from one peer ...
PEER_OCTETS: Final = 750_000      # ... and their bytes: 6 Mbit/s
SOURCE_SOUNDS: Final = 250        # of them of one sound: a browser sends 50, with its shortest frames 100 ...
SOURCE_PICTURES: Final = 700      # ... and of one picture, all layers: more full ones are beyond PEER_OCTETS, many small ones no
                                  # encoder makes, and each of them would leave for every receiver
PEER_REPORTS: Final = 1000        # RTCP packets a second from one peer ...
PEER_REPORT_OCTETS: Final = 64 * 1024  # ... and their bytes: what they ask for costs far more than they do
PEER_HELLOS: Final = 64           # DTLS datagrams a second from one peer
PATH_SILENCE: Final = 6.0         # without a check for so long we send where the next one comes from (RFC 7675: 4-6 s)
AWAY_AFTER: Final = 1.5           # a peer whose sound was coming is away so long after its last authentic packet, ...
AWAY_SILENT: Final = 3.0          # ... any other one after this: it checks its path every 2.5 s and may send nothing else
AWAY_SOUND: Final = 0.6           # its sound was coming: so long before that packet at most (silence is sent every 0.4 s)
AWAY_LOOK: Final = 0.2            # between two looks for who is away
PEER_SILENCE: Final = 10.0        # a peer is closed this long after its last authentic packet
NEW_PATH: Final = 2.0             # so long reports may still speak of the path a peer has left
PULSE: Final = 0.5                # a receiver that is sent no media for so long is sent an empty report
SETUP_TIME: Final = 20.0          # for the first check and the whole DTLS handshake
MAX_PEERS: Final = 2000           # of one worker
MAX_ROOM_PEERS: Final = 1024
MAX_ROOMS: Final = 256            # with somebody in them
MAX_POLICIES: Final = 4096        # remembered, of meetings booked or under way; beyond that the oldest of an empty room goes
MAX_NAME: Final = 128             # characters of a room, session or peer name

# DTLS
DTLS_QUEUE: Final = 16            # datagrams waiting for one peer's handshake
DTLS_BACKLOG: Final = 8192        # datagrams waiting for all of them
DTLS_PER_TICK: Final = 16         # handed out per turn of the loop: handshakes must not starve media

# SDP
MAX_SDP: Final = 64 * 1024
MAX_SECTIONS: Final = 64
MAX_SDP_LINES: Final = 4000
MAX_FORMATS: Final = 64           # payload types of one section
MAX_RIDS: Final = 16              # named in one section ...
MAX_LAYERS: Final = 3             # ... and taken of one picture
MAX_GROUPS: Final = 16            # of SSRCs in one section
MAX_CANDIDATES: Final = 256       # in one SDP fragment

# Relay
VIDEO_RING: Final = 512           # packets kept per picture source (2 s at 2.5 Mbit/s; 0.6 MB)
AUDIO_RING: Final = 256           # packets kept per sound source (about 5 s)
PLI_INTERVAL: Final = 0.5         # at most one key frame request per source in this time
NACK_DELAY: Final = 0.02          # a gap older than this is asked for (reordering settles first)
NACK_RETRY: Final = 0.1           # until asked again: 1.15 times what a repair takes, but never longer than this ...
NACK_SOONEST: Final = 0.03        # ... nor sooner
NACK_TRIES: Final = 8
NACK_GIVE_UP: Final = 0.25        # after this a lost packet is no longer asked for
MAX_GAP: Final = 256              # a jump of more packets is a restart, not a loss
MAX_MISSING: Final = 128          # gaps watched per source
NACK_BURST: Final = 64            # packets one NACK message may bring back ...
RTX_BUDGET: Final = 1000          # ... and one subscriber between two reports
FEEDBACK_BUDGET: Final = 250      # transport-wide feedbacks of a subscriber that are read between two reports
REPORT_INTERVAL: Final = 1.0      # RTCP receiver reports to publishers, on average
SENDER_REPORT_INTERVAL: Final = 4.0  # to subscribers; the first one follows a new source at once
UPLINK_BITRATE: Final = 2_000_000  # told to publishers by REMB, bit/s
ARRIVALS_INTERVAL: Final = 0.09   # transport-wide feedback to a publisher ...
ARRIVALS_FEW: Final = 8           # ... and where so few packets came, as sound alone makes, ...
ARRIVALS_SPARSE: Final = 0.25     # ... only so often: on a weak line the feedback would take the room of the sound
WORST_LOSS: Final = 51            # 1/256: the most loss of listeners that a publisher is told, a fifth
MAX_SOUNDS: Final = 4             # relayed to one receiver at a time
OVERHEAD: Final = 62              # octets of IP, UDP, RTP with extensions and SRTP around each payload
SUSPICIOUS_LOSS: Final = 0.05     # from there on the line of a receiver that never spoke of it is estimated after all
NARROW: Final = 150_000           # bit/s of a line on which sound twice has room only if its publisher makes it small
REPEAT_FROM: Final = 0.015        # share of packets lost: from there on a receiver is given redundant sound ...
REPEAT_FOR: Final = 20.0          # ... until so many seconds after it last lost as many
PROBE_PACKETS: Final = 40         # of one probe in one TICK, at most
PROBES_AT_ONCE: Final = 32        # receivers of a room whose lines are probed at a time: hundreds join together
TRANSPORT_WIDE_PEERS: Final = 64  # with more peers in a worker receivers are asked for REMB, which costs a tenth
SHOWN_LARGE: Final = 1080         # rows a slot is taken to be shown with until its receiver says
CHOICE_INTERVAL: Final = 0.4      # how often layers are chosen again for one receiver, on average
SETTLED: Final = 2.0              # a receiver that has all it can use is left alone for so long
FILL_AT_ONCE: Final = 48          # receivers whose slots are filled in one turn
FILL_PAUSE: Final = 0.0002        # between two rounds of filling everybody's slots, for each member
MEASURE_INTERVAL: Final = 1.0     # of the layers' bit rates
REVIEW_INTERVAL: Final = 0.25     # of which layers are wanted at all
UNWANTED_AFTER: Final = 3.0       # a layer nobody looked at for so long need not be sent
FREEZE_AFTER: Final = 2.0         # a picture that is shown and did not come for so long is reported
LAYER_ASLEEP: Final = 1.5         # a layer of which nothing came for so long does not come just now
LAYER_DOUBT: Final = 4.0          # asked for so long in vain it is taken for not available, five times as long
ASLEEP_AFTER: Final = 3.0         # a source that sent nothing for so long gives its slots to those who send
TICK: Final = 0.02                # timers of the rooms while packets are missing ...
IDLE_TICK: Final = 0.1            # ... and otherwise: an idle wake-up costs as much as sending ten packets

STALL: Final = 1.0                # timers later than this: the process itself stood still

# Fan-out
BATCH_PACKETS: Final = 8          # packets of one track sent to a receiver in one message (GSO segments)
SEND_WAIT_MS: Final = 5           # how long a full socket buffer may hold up one batch before the rest is dropped
FLUSH_SENDS: Final = 2000         # packets of pictures sent until sound that came meanwhile gets its turn (some 8 ms) ...
FLUSH_JOBS: Final = 64            # ... unless so many batches wait: then the sockets' buffers do the waiting
HISTORY: Final = 8192             # packets whose time of sending is remembered (a power of two, at most 2^15): seconds of a full worker

# Control socket
CONTROL_VERSION: Final = 2
CONTROL_KNOWN: Final = (1, 2)     # versions of requests a worker understands: an older web may still be running
MAX_LINE: Final = 4 << 20         # of one JSON line: an SDP of MAX_SDP, escaped, or the stats of MAX_PEERS sessions
EVENT_QUEUE: Final = 4096         # events a client keeps until somebody listens; beyond that old slots are dropped
CALL_TIME: Final = 5.0            # a call that is not answered for so long is answered by nobody
SLOW_READER: Final = 64 * 1024    # bytes a controller has not read yet: from there on only the newest slots are told
UNREAD: Final = 1 << 20           # bytes a controller has not read yet: beyond that it is disconnected
CONTROLLER_WAIT: Final = 60.0     # a worker nobody connects to ends after this ...
RECONNECT_WAIT: Final = 5.0       # ... and one whose last controller was lost without hanging up after this
