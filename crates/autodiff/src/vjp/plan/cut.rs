//! Minimum cuts: the cheapest set of edges without which no way leads from the source to the sink.
//!
//! In: a network of edges with capacities. Out: which nodes are on the source's side of the minimum cut that is nearest to the source. By Dinic's algorithm: shortest ways first, as many at a time as
//! there are. Nothing recurses, and the answer depends on nothing but the network, the order of its edges included. What would take too long is given up.

use std::collections::VecDeque;

/// A capacity that no cut contains.
pub const UNBOUNDED: u64 = u64::MAX / 4;

/// How many edges may be looked at.
const PATIENCE: u64 = 30_000_000;

const NONE: u32 = u32::MAX;

/// A network under construction, then what its edges can still take.
#[derive(Debug)]
pub struct Network {
    /// By node: its newest edge.
    first: Vec<u32>,
    /// By edge: the next one of the same node. The edges 2k and 2k + 1 are opposite.
    next: Vec<u32>,
    to: Vec<u32>,
    left: Vec<u64>,
    looked: u64,
}

impl Network {
    /// So many nodes, no edges.
    pub fn new(nodes: usize) -> Self {
        Network { first: vec![NONE; nodes], next: Vec::new(), to: Vec::new(), left: Vec::new(), looked: 0 }
    }

    /// Adds an edge.
    pub fn edge(&mut self, from: usize, to: usize, capacity: u64) {
        self.half(from, to, capacity);
        self.half(to, from, 0);
    }

    fn half(&mut self, from: usize, to: usize, capacity: u64) {
        let edge = u32::try_from(self.to.len()).expect("networks are smaller than their cap");
        self.to.push(u32::try_from(to).expect("networks are smaller than their cap"));
        self.left.push(capacity);
        self.next.push(std::mem::replace(&mut self.first[from], edge));
    }

    /// The nodes that the source still reaches when no more flows to the sink; `None` if that takes too long.
    pub fn source_side(mut self, source: usize, sink: usize) -> Option<Vec<bool>> {
        loop {
            let level = self.levels(source);
            if self.looked > PATIENCE {
                return None;
            }
            if level[sink] == NONE {
                return Some(level.into_iter().map(|level| level != NONE).collect());
            }
            self.saturate(source, sink, &level);
        }
    }

    /// How many edges each node is away from the source.
    fn levels(&mut self, source: usize) -> Vec<u32> {
        let mut level = vec![NONE; self.first.len()];
        let mut open = VecDeque::from([source]);
        level[source] = 0;
        while let Some(node) = open.pop_front() {
            let mut edge = self.first[node];
            while edge != NONE {
                self.looked += 1;
                let to = self.to[edge as usize] as usize;
                if self.left[edge as usize] > 0 && level[to] == NONE {
                    level[to] = level[node] + 1;
                    open.push_back(to);
                }
                edge = self.next[edge as usize];
            }
        }
        level
    }

    /// Lets as much flow as the ways take that go up one level an edge.
    fn saturate(&mut self, source: usize, sink: usize, level: &[u32]) {
        let mut current = self.first.clone();
        let mut way: Vec<u32> = Vec::new();
        let mut node = source;
        while self.looked <= PATIENCE {
            if node == sink {
                let dry = self.push(&way);
                way.truncate(dry);
                node = way.last().map_or(source, |&edge| self.to[edge as usize] as usize);
                continue;
            }
            let edge = current[node];
            if edge == NONE {
                // Nothing leads on from here: back, and not here again.
                let Some(back) = way.pop() else { return };
                node = self.to[back as usize ^ 1] as usize;
                current[node] = self.next[back as usize];
                continue;
            }
            self.looked += 1;
            let to = self.to[edge as usize] as usize;
            if self.left[edge as usize] > 0 && level[to] == level[node].saturating_add(1) {
                way.push(edge);
                node = to;
            } else {
                current[node] = self.next[edge as usize];
            }
        }
    }

    /// Lets as much flow along a way as it takes; gives the place of its first edge that takes no more.
    fn push(&mut self, way: &[u32]) -> usize {
        let flow = way.iter().map(|&edge| self.left[edge as usize]).min().unwrap_or(0);
        self.looked += way.len() as u64;
        for &edge in way {
            self.left[edge as usize] -= flow;
            let back = &mut self.left[edge as usize ^ 1];
            *back = back.saturating_add(flow);
        }
        way.iter().position(|&edge| self.left[edge as usize] == 0).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(edges: &[(usize, usize, u64)], side: &[bool]) -> u64 {
        edges.iter().filter(|(from, to, _)| side[*from] && !side[*to]).map(|(_, _, c)| c).sum()
    }

    fn cut(nodes: usize, edges: &[(usize, usize, u64)]) -> Vec<bool> {
        let mut network = Network::new(nodes);
        edges.iter().for_each(|&(from, to, capacity)| network.edge(from, to, capacity));
        network.source_side(0, nodes - 1).expect("small")
    }

    #[test]
    fn a_chain_is_cut_at_its_cheapest_edge_nearest_to_the_source() {
        assert_eq!(cut(5, &[(0, 1, 3), (1, 2, 2), (2, 3, 2), (3, 4, 9)]), [true, true, false, false, false]);
    }

    /// Every way of parting six nodes, tried out.
    #[test]
    fn no_other_cut_is_cheaper() {
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..500 {
            let edges: Vec<(usize, usize, u64)> =
                (0..12).map(|_| (random(6) as usize, random(6) as usize, random(9))).collect();
            let found = cut(6, &edges);
            assert!(found[0] && !found[5]);
            let best = (0..16_u32).map(|bits| {
                let side: Vec<bool> = (0..6).map(|n| n == 0 || n < 5 && bits >> (n - 1) & 1 == 1).collect();
                value(&edges, &side)
            });
            assert_eq!(Some(value(&edges, &found)), best.min(), "{edges:?}");
        }
    }

    #[test]
    fn long_chains_do_not_recurse() {
        let nodes = 100_000;
        let edges: Vec<_> = (0..nodes - 1).map(|n| (n, n + 1, if n == 50_000 { 1 } else { UNBOUNDED })).collect();
        let side = cut(nodes, &edges);
        assert!(side[50_000] && !side[50_001]);
    }
}
