# SPDX-License-Identifier: MIT
"""The vocabulary of the table of techniques (rows_*.py).

Each row: what an attacker sends who may read but not write, where the technique
was published, and what must come of it:

want     the verdicts of the messages, in order: R read, W write, F<n> another
         function; + passes, - cut out, ! refused with the connection
end      on      a permitted read after it is answered
         reset   the connection is ended
         none    there is no connection
         any     only the invariant counts: the device read nothing but whole
                 permitted messages, in order, and perhaps a beginning
control  what the device reads of the same packets without the gate:
         W a write, R reads only, - no whole message
replay   verdicts of the capture, where they differ from inline; `why` says why
before   run while the gate is not there yet; the rest when it is

Sources:
PN98     Ptacek, Newsham: Insertion, Evasion, and Denial of Service (1998)
HPK01    Handley, Paxson, Kreibich: Network Intrusion Detection: Evasion,
         Traffic Normalization, and End-to-End Protocol Semantics (2001)
SP03     Shankar, Paxson: Active Mapping (2003)
NS07     Novak, Sturges: Target-Based TCP Stream Reassembly (2007)
WANG17   Wang et al.: Your State is Not Mine (2017)
GENEVA   Bock et al.: Geneva: Evolving Censorship Evasion Strategies (2019)
SYMTCP   Wang et al.: SymTCP: Eluding Stateful Deep Packet Inspection (2020)
MBTCP    Modbus Messaging on TCP/IP Implementation Guide V1.0b (2006)
MBAP     Modbus Application Protocol Specification V1.1b3 (2012)
"""
ROWS = []


class Row:
    proto = "modbus"

    def __init__(self, name, source, what, run, want, end="on", control="W", only=None, replay=None, why="",
                 before=None):
        self.name, self.source, self.what, self.run, self.want = name, source, what, run, want.split()
        self.end, self.control, self.only, self.before = end, control, only, before
        self.replay = self.want if replay is None else replay.split()
        self.why = why

    def families(self):
        return (self.only,) if self.only else (4, 6)


def row(name, source, what, want, **kw):
    """The function below is run with a connection that is not open yet."""
    def keep(f):
        ROWS.append(Row(name, source, what, f, want, **kw))
        return f
    return keep


def opened(name, source, what, want, **kw):
    """As row(), with an open connection."""
    def keep(f):
        def run(c):
            if c.open():
                f(c)
        ROWS.append(Row(name, source, what, run, want, **kw))
        return f
    return keep


PAUSE = 0.03    # for the other side to take in what was sent
