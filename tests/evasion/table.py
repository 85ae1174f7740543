# SPDX-License-Identifier: MIT
"""What a row of the table is; README says how to add one."""

ROWS = []
PAUSE = 0.03    # for the other side to take in what was sent

SOURCES = """
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
RFCnnnn  the clause of that standard which leaves, or closes, the ambiguity
"""


class Row:
    """One technique.

    want     verdicts of the requests in order: R a read, W a write, F<n> another
             function; + passes, - cut out, ! refused together with the connection;
             with a * behind: once or more often
    end      on     a permitted read after it is answered
             reset  the connection is ended, at both ends
             none   the device's application has no connection
             any    only the rule counts: the device reads nothing unjudged
    control  what the device reads of the same packets without the gate:
             W a write, R reads only, - no whole message; several: any of them
    back     verdicts of the responses, where the device's own are hostile
    says     a reason that the gate's record must name for this connection
    replay   verdicts of the capture, where they differ from inline; why says why
    only     4 or 6: this family alone
    before   done before the gate starts
    device   small: with a receive buffer of a few hundred bytes; multipath: with MPTCP
    around   the device's packets do not come back through the gateway
    """

    def __init__(self, name, source, what, run, want, end="on", control="W", back=None, says=None,
                 replay=None, why="", only=None, before=None, device="", around=False, proto="modbus"):
        self.name, self.source, self.what, self.run, self.want = name, source, what, run, want
        self.end, self.control, self.back, self.says = end, control, back, says
        self.replay, self.why, self.only = replay, why, only
        self.before, self.device, self.proto, self.around = before, device, proto, around
        if (replay is not None) != bool(why):
            raise ValueError(name + ": a difference of replay needs a reason, and a reason one")
        if any(r.name == name for r in ROWS):
            raise ValueError(name + " is there twice")

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
            c.open()
            f(c)
        ROWS.append(Row(name, source, what, run, want, **kw))
        return f
    return keep
